/** The knowledge base: its storage, its embedder and its sources. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { KnowledgeEnvironment } from './config.ts'
import type { Database } from './database/database.ts'
import { UserError } from './errors.ts'
import type { SourceDeclaration } from './knowledge/declaration.ts'
import type { Embedder } from './knowledge/embedder.ts'
import type { KnowledgeBase, SyncReport } from './knowledge/knowledge-base.ts'
import type { ReadContext, Source } from './knowledge/source.ts'

export interface Knowledge extends AsyncDisposable {
  base: KnowledgeBase
  database: Database
  /** Undefined when none is configured: full text answers alone. */
  embedder: Embedder | undefined
}

/** DATABASE_URL, else the embedded storage in `dataDir`, which only one process can have open. A UserError or ServiceError when it cannot be opened. */
export async function openKnowledge(
  dataDir: string,
  environment: KnowledgeEnvironment,
  warn = (message: string): void => console.error(message),
): Promise<Knowledge> {
  const database = await openDatabase(environment, dataDir)
  const { replicaUrl } = environment
  const replica = replicaUrl === undefined ? undefined : (await import('./database/replica.ts')).openReplica(replicaUrl, database, warn)
  try {
    const { postgresKnowledgeBase } = await import('./knowledge/postgres.ts')
    const embedder = await openEmbedder(environment)
    const base = await postgresKnowledgeBase(database, { replica, embedder, price: environment.embedding?.price })
    return {
      base,
      database,
      embedder,
      async [Symbol.asyncDispose]() {
        await base.close()
        await replica?.close()
        await database.close()
      },
    }
  } catch (error) {
    await replica?.close()
    await database.close()
    throw error
  }
}

/** Whether there can be a knowledge base: opening makes the folder where there is none. */
export function isThere(dataDir: string, { databaseUrl }: KnowledgeEnvironment): boolean {
  return databaseUrl !== undefined || existsSync(join(dataDir, 'postgres'))
}

/** Where the knowledge base is kept. */
export async function openDatabase({ databaseUrl }: KnowledgeEnvironment, dataDir: string): Promise<Database> {
  if (databaseUrl !== undefined) return await (await import('./database/postgres.ts')).openPostgres(databaseUrl, { idleMs: IDLE_MS })
  return await (await import('./database/embedded.ts')).openEmbedded(dataDir)
}

async function openEmbedder({ embedding }: KnowledgeEnvironment): Promise<Embedder | undefined> {
  if (embedding === undefined) return undefined
  const { openaiEmbedder } = await import('./knowledge/embedding/openai.ts')
  const { url, key, model: name, dimensions, batch, parallel } = embedding
  return openaiEmbedder({ url, key, model: { name, dimensions }, batch, parallel })
}

/** What reads the source that is declared. A UserError for one that was imported: where the exporting machine read it may be anything here. */
export async function openSource(declaration: SourceDeclaration): Promise<Source> {
  const { name, imported } = declaration
  if (imported)
    throw new UserError(
      `${name} was imported, from a machine that read it at ${imported.path}. Say where it is here (pgwitness kb add --name ${name} …), or import a newer file.`,
    )
  switch (declaration.type) {
    case 'manual': {
      const { path } = declaration
      if (path === undefined) return (await import('./knowledge/sources/crawled-manual.ts')).crawledManualSource(declaration)
      return (await import('./knowledge/sources/manual.ts')).manualSource({ ...declaration, path })
    }
    case 'release-notes': {
      const { path } = declaration
      if (path === undefined) return (await import('./knowledge/sources/crawled-manual.ts')).crawledManualSource(declaration)
      return (await import('./knowledge/sources/release-notes.ts')).releaseNotesSource({ ...declaration, path })
    }
    case 'tool-manual':
      return (await import('./knowledge/sources/tool-manual.ts')).toolManualSource(declaration)
    case 'source-code':
      return (await import('./knowledge/sources/source-code.ts')).sourceCodeSource(declaration)
    case 'article':
      return (await import('./knowledge/sources/article.ts')).articleSource(declaration)
    case 'mailing-list':
      return (await import('./knowledge/sources/mailing-list.ts')).mailingListSource(declaration)
    case 'web-page':
      return (await import('./knowledge/sources/web-page.ts')).webPageSource(declaration)
  }
}

/** An export reads for long, and whoever takes the file may be slow. */
const IDLE_MS = 300_000

/** What a sync would do, with nothing stored. Without a knowledge base, or for a source that is not declared, all is new. */
export async function previewSync(
  knowledge: Knowledge | undefined,
  name: string,
  source: Source,
  context: ReadContext,
): Promise<SyncReport> {
  return await (await import('./knowledge/storage/preview.ts')).previewSync(knowledge?.database, name, source, context)
}

/** Tells of each change of a file, or of the files in a folder, from when this is settled until it is disposed of. */
export async function followPath(path: string, changed: () => void): Promise<Disposable> {
  return await (await import('./knowledge/watching/follow-path.ts')).followPath(path, changed)
}
