/** The manual of one major version from postgresql.org, page by page. */
import { ServiceError, UserError } from '../../errors.ts'
import { decode, NotText } from '../reading/decode.ts'
import { attribute, classes, type Element, isElement, type Parent, parseHtml, TooComplex } from '../reading/html-tree.ts'
import { manualVersion } from '../reading/manual-page.ts'
import type { Fetched, Fetcher } from './fetcher.ts'

export type CrawledPage =
  | { kind: 'page'; file: string; bytes: Buffer; revision: string }
  | { kind: 'unchanged'; file: string }
  | { kind: 'failed'; file: string; reason: string }

export interface CrawlOptions {
  /** Of pages there are already, by file. */
  revisions: ReadonlyMap<string, string>
  /** Files to give; others are asked for their contents at most. */
  wanted(file: string): boolean
  /** Tables of contents to follow. */
  follows(file: string): boolean
  /** `https://www.postgresql.org`; tests have another. */
  site: string
  progress(what: string): void
}

export const MANUAL_SITE = 'https://www.postgresql.org'
const HTML = ['text/html', 'application/xhtml+xml'] as const
/**
 * What has no pages of its own below it: these are asked with their revision, as nothing is lost when they answer that they did not
 * change.
 */
const LEAVES = new Set(['sect1', 'refentrytitle', 'index', 'bibliography', 'glossary', 'legalnotice'])
/** A version has 1,200. */
const MAX_PAGES = 5000
/** One after the other: the site is down. */
const MAX_FAILURES = 3

interface Entry {
  file: string
  kind: string
}

/**
 * In the order of the contents, so that a crawl that was cut off goes on where it was: pages there already answer without a body. The
 * contents themselves are always read, as they name the rest. A UserError when the site has no such manual; a ServiceError when the site
 * fails, and at the end when a part of the contents could not be read, as nobody should take the pages it names for gone.
 */
export async function* crawlManual(
  major: number,
  fetcher: Fetcher,
  options: CrawlOptions,
  signal: AbortSignal,
): AsyncGenerator<CrawledPage> {
  const base = `${options.site}/docs/${major}/`
  const contents = new Contents()
  let failures = 0
  for (let entry = contents.next(); entry; entry = contents.next()) {
    const { file, kind } = entry
    const isContents = !LEAVES.has(kind) && options.follows(file)
    if (!isContents && !options.wanted(file)) continue
    options.progress(`${file}, ${contents.read} of ${contents.found} so far`)
    const revision = isContents ? undefined : options.revisions.get(file)
    const { fetched, error } = await fetchOrFail(fetcher, `${base}${file}`, revision, signal)
    failures = error ? failures + 1 : 0
    if (error && (file === 'index.html' || failures === MAX_FAILURES || error.retryAfterMs !== undefined)) throw error
    const outcome = checkPlace(fetched, base, options.site)
    if (file === 'index.html') checkVersion(outcome, major, base)
    if (outcome.kind === 'page' && isContents) contents.add(contentsOf(outcome.bytes, base))
    if (outcome.kind === 'refused' && isContents) contents.lost ??= `${file} names other pages, and could not be read: ${outcome.reason}`
    if (options.wanted(file)) yield pageOf(file, outcome, options.revisions.get(file))
  }
  if (contents.lost !== undefined) throw new ServiceError(new URL(base).host, contents.lost)
}

/** What is still to be read, each file once. */
class Contents {
  readonly #queue: Entry[] = [{ file: 'index.html', kind: 'book' }]
  readonly #queued = new Set(['index.html'])
  /** Why pages may be missing. */
  lost: string | undefined

  get found(): number {
    return this.#queued.size
  }

  get read(): number {
    return this.#queued.size - this.#queue.length
  }

  next(): Entry | undefined {
    return this.#queue.shift()
  }

  add(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (this.#queued.has(entry.file)) continue
      if (this.#queued.size >= MAX_PAGES) {
        this.lost ??= `it has more than ${MAX_PAGES} pages`
        return
      }
      this.#queued.add(entry.file)
      this.#queue.push(entry)
    }
  }
}

/** A page that its server fails to give is one page less, unless all do. */
async function fetchOrFail(
  fetcher: Fetcher,
  url: string,
  revision: string | undefined,
  signal: AbortSignal,
): Promise<{ fetched: Fetched; error?: ServiceError }> {
  try {
    return { fetched: await fetcher.fetch(url, { revision, accept: HTML }, signal) }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return { fetched: { kind: 'refused', reason: error.message }, error }
  }
}

/** The server's validator, if it has one; else of the contents. */
function pageOf(file: string, fetched: Fetched, known: string | undefined): CrawledPage {
  if (fetched.kind === 'refused') return { kind: 'failed', file, reason: fetched.reason }
  if (fetched.kind === 'unchanged' || fetched.revision === known) return { kind: 'unchanged', file }
  return { kind: 'page', file, bytes: fetched.bytes, revision: fetched.revision }
}

/** Release notes live at `/docs/release/17.2/` too; any other place is not this version's. */
function checkPlace(fetched: Fetched, base: string, site: string): Fetched {
  if (fetched.kind !== 'page' || fetched.url.href.startsWith(base) || fetched.url.href.startsWith(`${site}/docs/release/`)) return fetched
  return { kind: 'refused', reason: `it leads to ${fetched.url.pathname.slice(0, 100)}, which is not of this manual` }
}

function checkVersion(fetched: Fetched, major: number, base: string): void {
  if (fetched.kind === 'refused') throw new UserError(`There is no manual of Postgres ${major} at ${base}: ${fetched.reason}.`)
  const found = fetched.kind === 'page' ? manualVersion(textOf(fetched.bytes)) : major
  if (found !== undefined && found !== major) throw new UserError(`${base} is the manual of Postgres ${found}, not of ${major}.`)
}

function textOf(bytes: Buffer): string {
  try {
    return decode(bytes, { html: true }).text
  } catch (error) {
    if (error instanceof NotText) return ''
    throw error
  }
}

/** Pages of this manual that a table of contents names, with what they are there: `chapter`, `sect1`. */
function contentsOf(bytes: Buffer, base: string): Entry[] {
  try {
    return [...entriesOf(parseHtml(textOf(bytes)), base, undefined)]
  } catch (error) {
    // Too broken to be a table of contents; its reader tells.
    if (error instanceof TooComplex) return []
    throw error
  }
}

function* entriesOf(parent: Parent, base: string, within: string | undefined): Generator<Entry> {
  for (const child of parent.childNodes) {
    if (!isElement(child)) continue
    const inContents = within !== undefined || classes(child).includes('toc')
    if (child.tagName === 'a') {
      const file = fileOf(child, base)
      if (file === 'legalnotice.html') yield { file, kind: 'legalnotice' }
      else if (file !== undefined && inContents) yield { file, kind: within ?? '' }
    } else yield* entriesOf(child, base, inContents ? (child.tagName === 'span' ? (classes(child)[0] ?? '') : (within ?? '')) : undefined)
  }
}

function fileOf(link: Element, base: string): string | undefined {
  const url = URL.parse(attribute(link, 'href') ?? '', base)
  if (!url?.href.startsWith(base)) return undefined
  const file = url.pathname.slice(new URL(base).pathname.length)
  return /^[a-z0-9][\w.-]{0,150}\.html$/i.test(file) ? file : undefined
}
