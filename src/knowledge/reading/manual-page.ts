/** A page of the Postgres manual, as its own stylesheets make it. */
import type { KnowledgeDocument } from '../document.ts'
import { cleanLine } from './clean.ts'
import { decode } from './decode.ts'
import { readBody } from './html.ts'
import { headingNodes, proseOf } from './html-text.ts'
import { attribute, classes, type Element, find, type Parent, parseHtml } from './html-tree.ts'

/** Lists of links: they would be found for every question and answer none. */
const LISTS = new Set(['bookindex.html', 'index.html'])

export function isManualPage(file: string): boolean {
  return file.endsWith('.html') && !LISTS.has(file) && !isReleaseNotes(file)
}

/** `release-15.html`, `release-15-4.html`, `release-9-6-2.html`. `release.html` is the manual's. */
export function isReleaseNotes(file: string): boolean {
  return /^release-\d[\d-]*\.html$/.test(file)
}

export interface ManualPageOptions {
  /** Major version of the manual. */
  postgres: number
  /** Name of the page: `sql-altertable.html`. */
  file: string
  itemsAreEntries?: boolean
}

/** What a page says, but its `key` and `revision`. Throws NotText and TooComplex. */
export function readManualPage(
  bytes: Uint8Array,
  { postgres, file, itemsAreEntries = false }: ManualPageOptions,
): Omit<KnowledgeDocument, 'key' | 'revision'> {
  const { text, problems } = decode(bytes, { declared: undefined, html: true })
  const tree = parseHtml(text)
  const root =
    find(tree, (element) => attribute(element, 'id') === 'docContent') ?? find(tree, (element) => element.tagName === 'body') ?? tree
  const own = headingOf(root) || headTitle(tree)
  const list = readBody(root, { title: own, heading: withoutNumber, itemsAreEntries })
  list.addOverviews()
  const { blocks } = list
  const isList = find(root, (element) => classes(element).includes('toc')) !== undefined
  return {
    title: [chapterOf(tree, root), own || file].filter((part) => part !== '').join(' › '),
    url: `https://www.postgresql.org/docs/${postgres}/${file}`,
    author: 'The PostgreSQL Global Development Group',
    date: releaseDate(blocks[0]?.text ?? ''),
    licence: 'PostgreSQL',
    trust: 'high',
    versions: { from: postgres, to: postgres },
    blocks,
    problems: blocks.length === 0 && !isList ? [...problems, 'it holds no text'] : problems,
  }
}

/** Major version that a page says it belongs to: its link home is called `PostgreSQL 15.20 Documentation`. */
export function manualVersion(html: string): number | undefined {
  const found = /PostgreSQL (\d+)(?:[.\d]*|devel|(?:beta|rc)\d+) Documentation/.exec(html)
  return found ? Number(found[1]) : undefined
}

/** Numbers change from one version to the next: `20.5. Write Ahead Log` is `Write Ahead Log`, `Table 9.10. Other String Functions` its last words. */
function withoutNumber(title: string): string {
  return cleanLine(title).replace(/^((Chapter|Appendix|Part|Table|Example|Figure) [\dA-Z]+(\.\d+)*\.|[\dA-Z]+(\.\d+)+\.) +(?=\S)/, '')
}

function headingOf(root: Parent): string {
  const heading = find(root, (element) => /^h[12]$/.test(element.tagName))
  return heading ? withoutNumber(proseOf(headingNodes(heading).line)) : ''
}

function headTitle(tree: Parent): string {
  const title = find(tree, (element) => element.tagName === 'title')
  return title ? withoutNumber(title.childNodes.map((node) => ('value' in node ? node.value : '')).join('')) : ''
}

/** The chapter around a section, which says what `Overview` is of; parts and lists of commands say nothing. From `<link rel="up">` or the link that says so. */
function chapterOf(tree: Parent, root: Parent): string {
  const up = find(tree, (element) => isUp(element))
  const title = (up && attribute(up, 'title')) ?? ''
  const isSection = find(root, (element) => classes(element).includes('sect1')) !== undefined
  const isChapter = find(root, (element) => classes(element).some((name) => name === 'chapter' || name === 'appendix')) !== undefined
  return isSection && !isChapter && /^Chapter \d+\./.test(cleanLine(title)) ? withoutNumber(title) : ''
}

function isUp(element: Element): boolean {
  return (
    (element.tagName === 'link' && attribute(element, 'rel') === 'up') ||
    (element.tagName === 'a' && attribute(element, 'accesskey') === 'u')
  )
}

function releaseDate(text: string): string | null {
  return /^Release date: (\d{4}-\d\d-\d\d)/.exec(text)?.[1] ?? null
}
