import type { SourceDeclaration } from '../../../src/knowledge/declaration.ts'
import type { KnowledgeBase, SyncReport } from '../../../src/knowledge/knowledge-base.ts'
import { manualSource } from '../../../src/knowledge/sources/manual.ts'

export const FOLDER = '/usr/share/doc/postgresql-doc-15/html'
const MANUAL: Extract<SourceDeclaration, { type: 'manual' }> = { name: 'manual-15', type: 'manual', postgres: 15, path: FOLDER }

/** The manual of Postgres 15, as the questions are about it. */
export async function storeManual(base: KnowledgeBase): Promise<SyncReport> {
  await base.declare(MANUAL)
  return await base.sync(MANUAL.name, manualSource({ ...MANUAL, path: FOLDER }), { signal: new AbortController().signal, progress() {} })
}

export function describeSync({ added, passages, ms }: SyncReport): string {
  return `${added.toLocaleString('en')} documents, ${passages.toLocaleString('en')} passages in ${(ms / 1000).toFixed(1)} s`
}
