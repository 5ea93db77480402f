/** What keeps the knowledge base in order: over its storage alone, as no endpoint is asked. */
import { openDatabase } from './assemble-knowledge.ts'
import type { KnowledgeEnvironment } from './config.ts'
import type { Upkeep } from './knowledge/upkeep.ts'

/** A UserError or ServiceError when the storage cannot be opened. */
export async function openUpkeep(dataDir: string, environment: KnowledgeEnvironment): Promise<Upkeep & AsyncDisposable> {
  const { openUpkeep: over } = await import('./knowledge/operating/open-upkeep.ts')
  const database = await openDatabase(environment, dataDir)
  const { embedding } = environment
  const upkeep = over(
    database,
    embedding ? { model: { name: embedding.model, dimensions: embedding.dimensions }, price: embedding.price } : {},
  )
  return { ...upkeep, [Symbol.asyncDispose]: async () => await database.close() }
}
