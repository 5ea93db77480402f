/** Whatever a text is written in, by the name of its file. */
import { extname } from 'node:path'
import type { Block } from '../document.ts'
import { readAsciiDoc } from './asciidoc.ts'
import { beginning, decode } from './decode.ts'
import { readFrontMatter } from './front-matter.ts'
import { readHtmlPage } from './html-page.ts'
import { TooComplex } from './html-tree.ts'
import { MAX_MARKUP_BYTES } from './limits.ts'
import { readMarkdown } from './markdown.ts'
import { readRestructuredText } from './restructured-text.ts'

export interface MarkupPage {
  title: string | null
  /** ISO 8601. */
  date: string | null
  blocks: Block[]
  problems: string[]
}

const HTML = /\.(x?html?)$/i
const MARKDOWN = /\.(md|mdx|markdown)$/i
const ASCIIDOC = /\.(adoc|asciidoc|asc)$/i
const RESTRUCTURED = /\.(rst|rest)$/i

/** Files that are read when nobody says which. */
export function isMarkup(key: string): boolean {
  return [HTML, MARKDOWN, ASCIIDOC, RESTRUCTURED].some((name) => name.test(key))
}

/** Files without an ending, such as a README, are read as Markdown. Throws NotText and TooComplex. */
export async function readMarkup(key: string, bytes: Uint8Array): Promise<MarkupPage> {
  if (HTML.test(key)) return notEmpty(readHtmlPage(bytes))
  if (!isMarkup(key) && extname(key) !== '' && extname(key) !== '.txt')
    throw new TooComplex(`files that end in ${extname(key)} are not read`)
  const cut = bytes.length > MAX_MARKUP_BYTES ? [`it is long, and only its first ${MAX_MARKUP_BYTES / 1024} KB were read`] : []
  const { text, problems } = decode(beginning(bytes, MAX_MARKUP_BYTES))
  const front = readFrontMatter(text)
  const read = await readBody(key, front.body)
  return notEmpty({
    title: read.title ?? front.title,
    date: front.date,
    blocks: read.blocks,
    problems: [...cut, ...problems, ...front.problems, ...(read.problems ?? [])],
  })
}

async function readBody(key: string, text: string): Promise<{ title: string | null; blocks: Block[]; problems?: string[] }> {
  try {
    if (ASCIIDOC.test(key)) return await readAsciiDoc(text)
    return RESTRUCTURED.test(key) ? readRestructuredText(text) : readMarkdown(text)
  } catch (error) {
    // The parsers call themselves for what is in something.
    if (error instanceof RangeError) throw new TooComplex('it is nested too deep')
    throw error
  }
}

function notEmpty<Page extends MarkupPage>(page: Page): Page {
  return page.blocks.length > 0 ? page : { ...page, problems: [...page.problems, 'it holds no text'] }
}
