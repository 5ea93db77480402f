/** Which of a file's vectors are taken over: those of the model that is used here. */
import type { Database } from '../../database/database.ts'
import type { Model } from '../embedder.ts'
import { openVectors } from '../storage/vectors.ts'
import { readVectorTables, type VectorTable } from './vector-tables.ts'

export interface VectorChoice {
  /** Undefined when none are. */
  model: Model | undefined
  /** Why none are. */
  note?: string
  /** The table they go into. */
  prepare(): Promise<VectorTable | undefined>
  /** When all are there. */
  finish(): Promise<void>
}

/** Without a configured model, and without vectors here, the file's is taken: whoever configures it later has its vectors already. */
export async function chooseVectors(database: Database, offered: Model | null, configured: Model | undefined): Promise<VectorChoice> {
  const none = (note?: string): VectorChoice => ({
    model: undefined,
    ...(note !== undefined && { note }),
    prepare: async () => undefined,
    finish: async () => {},
  })
  if (!offered) return none()
  const tables = await readVectorTables(database)
  const used = configured ? [configured] : tables
  if (used.length > 0 && !used.some((model) => isSame(model, offered)))
    return none(
      `The file's vectors are left out: they are of ${inWords(offered)}, and ${configured ? 'configured' : 'stored here'} is ${used.map(inWords).join(', ')}. pgwitness kb sync makes vectors of the imported passages, where an endpoint is configured.`,
    )
  const vectors = await openVectors(database)
  if (!vectors)
    return none(`The file's vectors are left out: this server has no pgvector, or the role may not install it. Search is by words alone.`)
  return {
    model: offered,
    async prepare() {
      await vectors.ensure(offered)
      return (await readVectorTables(database)).find((table) => isSame(table, offered))
    },
    finish: async () => await vectors.completeWhenFull(offered),
  }
}

function isSame(one: Model, other: Model): boolean {
  return one.name === other.name && one.dimensions === other.dimensions
}

function inWords({ name, dimensions }: Model): string {
  return `${name} (${dimensions} dimensions)`
}
