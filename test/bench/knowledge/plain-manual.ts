/** The manual's pages as plain text, read without the knowledge base's own reader, so that the two can be held against each other. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where Debian's postgresql-doc-15 puts the manual that the questions' answers are named in. */
const FOLDER = '/usr/share/doc/postgresql-doc-15/html'

export interface ManualText {
  /** As people read it: `https://www.postgresql.org/docs/15/sql-altertable.html#SQL-ALTERTABLE-NOTES`. */
  url: string
  text: string
}

/** An element that can be linked to. */
interface Anchored {
  anchor: string
  /** Anchors of the elements around it, from the inside out. */
  within: string[]
  /** All of it: its subsections too, and of a list's term the description. */
  text: string
}

interface Page {
  file: string
  text: string
  /** In the order of the page; text that belongs to a subsection is only there. */
  sections: Array<{ anchor: string | null; text: string }>
  anchored: Map<string, Anchored>
}

interface Open {
  tag: string
  anchor: string | null
  section: number | null
  skipped: boolean
  from: number
}

/** Pages by file: `sql-altertable.html`. */
export type Manual = Map<string, Page>

/** Undefined where the manual is not installed. */
export function readPlainManual(folder = FOLDER): Manual | undefined {
  if (!existsSync(folder)) return undefined
  const files = readdirSync(folder).filter((file) => file.endsWith('.html'))
  return new Map(files.map((file) => [file, readPage(file, readFileSync(join(folder, file), 'utf8'))]))
}

export function pagesOf(manual: Manual): ManualText[] {
  return [...manual.values()].map(({ file, text }) => ({ url: address(file, null), text }))
}

export function sectionsOf(manual: Manual): ManualText[] {
  return [...manual.values()].flatMap(({ file, sections }) => sections.map(({ anchor, text }) => ({ url: address(file, anchor), text })))
}

function address(file: string, anchor: string | null): string {
  return `https://www.postgresql.org/docs/15/${file}${anchor === null ? '' : `#${anchor}`}`
}

const SECTION = /\b(?:sect[1-5]|refsect[1-3]|refentry|chapter|part|appendix|preface|reference|bibliography|glossary|index|book)\b/
const SKIPPED = /\b(?:navheader|navfooter|toc)\b/
const INLINE = /^(?:a|abbr|acronym|b|code|em|i|kbd|small|span|strong|sub|sup|tt|var)$/

/** The manual is well-formed XHTML: a stack of its elements is all it takes. */
function readPage(file: string, html: string): Page {
  const page: Page = { file, text: '', sections: [{ anchor: null, text: '' }], anchored: new Map() }
  const stack: Open[] = []
  let term: Anchored | undefined
  const add = (text: string) => {
    if (stack.some(({ skipped }) => skipped)) return
    page.text += text
    const section = page.sections[stack.findLast((open) => open.section !== null)?.section ?? 0]
    if (section) section.text += text
  }
  const close = (tag: string) => {
    const open = stack.pop()
    if (open?.tag !== tag) throw new Error(`${file}: </${tag}> closes <${open?.tag}>`)
    const text = page.text.slice(open.from)
    // Several terms may share one description.
    if (tag === 'dd' && term) for (const anchored of page.anchored.values()) if (anchored.text === term.text) anchored.text += text
    if (tag === 'dd') term = undefined
    if (open.anchor === null) return
    const within = stack.flatMap(({ anchor }) => anchor ?? []).reverse()
    page.anchored.set(open.anchor, { anchor: open.anchor, within, text })
    if (tag === 'dt') term = page.anchored.get(open.anchor)
  }
  const body = html.slice(html.indexOf('<body'), html.lastIndexOf('</body>'))
  for (const [, tag = '', attributes = '', text] of body.matchAll(/<(\/?[a-z][a-z0-9]*)((?:\s[^<>]*)?)>|([^<]+)|<[!?][^>]*>/gi)) {
    if (text !== undefined) add(decoded(text))
    else if (tag.startsWith('/')) {
      if (!INLINE.test(tag.slice(1))) add('\n')
      if (tag !== '/body') close(tag.slice(1))
    } else if (tag !== '' && tag !== 'body') {
      const anchor = /\bid="([^"]*)"/.exec(attributes)?.[1] ?? null
      if (attributes.endsWith('/')) continue
      const names = /\bclass="([^"]*)"/.exec(attributes)?.[1] ?? ''
      const section = tag === 'div' && anchor !== null && SECTION.test(names) ? page.sections.push({ anchor, text: '' }) - 1 : null
      stack.push({ tag, anchor, section, skipped: SKIPPED.test(names), from: page.text.length })
    }
  }
  page.sections = page.sections.filter((section) => section.text.trim() !== '')
  return page
}

const NAMED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', nbsp: ' ', apos: "'" }

function decoded(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hexadecimal, name) => {
    if (name !== undefined) return NAMED[name] ?? whole
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal))
  })
}
