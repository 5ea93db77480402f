/** Single pages of the web, on demand. */

import { ServiceError } from '../../errors.ts'
import type { SourceDeclaration } from '../declaration.ts'
import type { KnowledgeDocument } from '../document.ts'
import { type Fetched, type Fetcher, openFetcher, plainHostsOf } from '../fetching/fetcher.ts'
import { revisionPrefix, serverRevisions } from '../fetching/revisions.ts'
import { NotText } from '../reading/decode.ts'
import { readHtmlPage } from '../reading/html-page.ts'
import { TooComplex } from '../reading/html-tree.ts'
import { type MarkupPage, readMarkup } from '../reading/markup.ts'
import type { Source, SourceItem } from '../source.ts'

type Declaration = Extract<SourceDeclaration, { type: 'web-page' }>

/** Part of every revision: counted up when pages are read otherwise than before. */
const READERS = 1
const HTML = ['text/html', 'application/xhtml+xml']
const ACCEPT = [...HTML, 'text/markdown', 'text/plain']

/** Nobody vouches for what is on the web: trust is unknown. A host that does not answer keeps no other page from being read. */
export function webPageSource(declaration: Declaration, fetcher: Fetcher = openFetcherFor(declaration)): Source {
  return {
    async *read(known, { signal, progress }) {
      const prefix = revisionPrefix(['web-page', READERS, declaration.author])
      const revisions = serverRevisions(known, prefix)
      for (const key of new Set(declaration.urls.map(withoutHash))) {
        signal.throwIfAborted()
        progress(key)
        yield await readItem(key, await fetchOrTell(fetcher, key, revisions.get(key), signal), {
          prefix,
          author: declaration.author ?? null,
        })
      }
    },
  }
}

function openFetcherFor({ urls, hosts }: Declaration): Fetcher {
  return openFetcher({ hosts, plainHosts: plainHostsOf(urls) })
}

/** An anchor is a place in a page; the page is read once. */
function withoutHash(url: string): string {
  const parsed = new URL(url)
  parsed.hash = ''
  return parsed.href
}

async function fetchOrTell(fetcher: Fetcher, url: string, revision: string | undefined, signal: AbortSignal): Promise<Fetched> {
  try {
    return await fetcher.fetch(url, { revision, accept: ACCEPT }, signal)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return { kind: 'refused', reason: error.message }
  }
}

async function readItem(key: string, fetched: Fetched, { prefix, author }: { prefix: string; author: string | null }): Promise<SourceItem> {
  if (fetched.kind === 'unchanged') return { kind: 'unchanged', key }
  if (fetched.kind === 'refused') return { kind: 'failed', key, reason: fetched.reason }
  try {
    const page = await readPage(fetched)
    const document: KnowledgeDocument = {
      key,
      revision: prefix + fetched.revision,
      title: page.title ?? fetched.url.host + fetched.url.pathname,
      url: fetched.url.href,
      author,
      date: page.date,
      licence: null,
      trust: 'unknown',
      versions: null,
      blocks: page.blocks,
      problems: page.problems,
    }
    return { kind: 'document', document }
  } catch (error) {
    if (error instanceof NotText || error instanceof TooComplex) return { kind: 'failed', key, reason: error.message }
    throw error
  }
}

function readPage({ bytes, mediaType, charset }: Extract<Fetched, { kind: 'page' }>): MarkupPage | Promise<MarkupPage> {
  if (HTML.includes(mediaType)) return readHtmlPage(bytes, { charset })
  return readMarkup(mediaType === 'text/markdown' ? 'page.md' : 'page.txt', bytes)
}
