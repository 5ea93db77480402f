/** The Postgres manual of one major version, or its release notes, from postgresql.org. */
import type { SourceDeclaration } from '../declaration.ts'
import { crawlManual, MANUAL_SITE } from '../fetching/crawl-manual.ts'
import { type Fetcher, openFetcher } from '../fetching/fetcher.ts'
import { revisionPrefix, serverRevisions } from '../fetching/revisions.ts'
import { NotText } from '../reading/decode.ts'
import { TooComplex } from '../reading/html-tree.ts'
import { isManualPage, isReleaseNotes, readManualPage } from '../reading/manual-page.ts'
import type { Source, SourceItem } from '../source.ts'

type Declaration = Extract<SourceDeclaration, { type: 'manual' | 'release-notes' }>

/** Part of every revision: counted up when pages are read otherwise than before. */
const READERS = 1
/** Where the release notes hang in the contents. */
const RELEASES = new Set(['index.html', 'release.html'])

interface Site {
  fetcher: Fetcher
  site: string
}

/** Pages as from a folder of the manual, and with the same keys. Half an hour for the whole manual, at a request a second. */
export function crawledManualSource(
  { type, postgres }: Pick<Declaration, 'type' | 'postgres'>,
  { fetcher, site }: Site = { fetcher: openFetcher({ hosts: [new URL(MANUAL_SITE).host] }), site: MANUAL_SITE },
): Source {
  const isManual = type === 'manual'
  return {
    async *read(known, { signal, progress }) {
      const prefix = revisionPrefix(['crawled', READERS, type, postgres])
      const options = {
        revisions: serverRevisions(known, prefix),
        wanted: isManual ? isManualPage : isReleaseNotes,
        follows: (file: string) => isManual || RELEASES.has(file),
        site,
        progress,
      }
      for await (const page of crawlManual(postgres, fetcher, options, signal)) {
        if (page.kind === 'page') yield readPage(page.file, page.bytes, prefix + page.revision, { postgres, itemsAreEntries: !isManual })
        else if (page.kind === 'unchanged') yield { kind: 'unchanged', key: page.file }
        else yield { kind: 'failed', key: page.file, reason: page.reason }
      }
    },
  }
}

function readPage(file: string, bytes: Buffer, revision: string, options: { postgres: number; itemsAreEntries: boolean }): SourceItem {
  try {
    return { kind: 'document', document: { key: file, revision, ...readManualPage(bytes, { ...options, file }) } }
  } catch (error) {
    if (error instanceof NotText || error instanceof TooComplex) return { kind: 'failed', key: file, reason: error.message }
    throw error
  }
}
