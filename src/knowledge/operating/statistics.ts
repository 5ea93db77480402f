/** How much there is, how old it is and what it takes: from sums that are kept and from the catalog, so that nothing is read that grows with the passages. */
import { type Database, SCHEMA } from '../../database/database.ts'
import { SourceDeclaration } from '../declaration.ts'
import { SOURCE_TYPES, type SourceType } from '../document.ts'
import type { Model } from '../embedder.ts'
import { HEADING_TOKENS } from '../storage/fill-vectors.ts'
import type { KnowledgeStatistics } from '../upkeep.ts'
import { costOf, PRICED_MODELS } from './prices.ts'
import { readVectorTables, type VectorTable } from './vector-tables.ts'

export interface Pricing {
  /** The one that is configured. */
  model?: Model | undefined
  /** US dollars a million tokens of it, where the operator told. */
  price?: number | undefined
}

export async function readStatistics(database: Database, pricing: Pricing = {}): Promise<KnowledgeStatistics> {
  const [sources, sizes, tables, ages] = await Promise.all([
    readSources(database),
    readSizes(database),
    readVectorTables(database),
    readAges(database),
  ])
  const stored = await Promise.all(tables.map(async (table) => await countVectors(database, table, sources)))
  const bytesOf = (name: string) => sizes.get(name) ?? { table: 0, index: 0 }
  const sum = (pick: (source: SourceRow) => number): number => sources.reduce((total, source) => total + pick(source), 0)
  const amounts = {
    documents: sum(({ documents }) => documents),
    passages: sum(({ passages }) => passages),
    tokens: sum(({ tokens }) => tokens),
  }
  const toEmbed = amounts.tokens + amounts.passages * HEADING_TOKENS
  const own = ['sources', 'documents', 'words', ...SOURCE_TYPES.map(partitionOf)].map(bytesOf)
  const vectorBytes = tables.map(({ id }) => bytesOf(`vectors_${id}`)).reduce((total, { table, index }) => total + table + index, 0)
  return {
    sources: sources.map((source) => {
      const sameType = sources.filter(({ type }) => type === source.type)
      const share = shareOf(source, sameType)
      const { table, index } = bytesOf(partitionOf(source.type))
      const { name, type, documents, passages, tokens } = source
      return {
        ...{ name, type, documents, passages, tokens },
        oldest: ages.get(name)?.oldest ?? null,
        newest: ages.get(name)?.newest ?? null,
        syncedAt: source.syncedAt?.toISOString() ?? null,
        importedFrom: source.importedFrom,
        tableBytes: Math.round(table * share),
        indexBytes: Math.round(index * share),
        isSizeShared: sameType.length > 1,
        missingVectors: stored.map((counts) => passages - (counts.get(name) ?? 0)),
      }
    }),
    total: {
      ...amounts,
      tableBytes: own.reduce((total, { table }) => total + table, 0),
      indexBytes: own.reduce((total, { index }) => total + index, 0),
      vectorBytes,
    },
    models: tables.map(({ name, dimensions, isComplete }, at) => {
      const vectors = [...(stored[at]?.values() ?? [])].reduce((total, count) => total + count, 0)
      return { name, dimensions, isComplete, vectors, missing: amounts.passages - vectors }
    }),
    costs: pricedModels(pricing, tables).map((name) => costOf(name, toEmbed, name === pricing.model?.name ? pricing.price : undefined)),
  }
}

function pricedModels({ model }: Pricing, tables: readonly VectorTable[]): string[] {
  if (model) return [model.name]
  return tables.length > 0 ? [...new Set(tables.map(({ name }) => name))] : PRICED_MODELS
}

function partitionOf(type: SourceType): string {
  return `passages_${type.replaceAll('-', '_')}`
}

interface SourceRow {
  name: string
  type: SourceType
  documents: number
  passages: number
  tokens: number
  words: number
  syncedAt: Date | null
  importedFrom: string | null
}

async function readSources(database: Database): Promise<SourceRow[]> {
  const rows = await database.query<Omit<SourceRow, 'syncedAt' | 'importedFrom'> & { synced_at: Date | null; declaration: unknown }>(
    `select name, type, documents::float8 as documents, passages::float8 as passages, tokens::float8 as tokens, words::float8 as words, synced_at, declaration
     from ${SCHEMA}.sources order by name`,
  )
  return rows.map(({ synced_at, declaration, ...row }) => ({
    ...row,
    syncedAt: synced_at,
    importedFrom: SourceDeclaration.parse(declaration).imported?.path ?? null,
  }))
}

function shareOf(source: SourceRow, sameType: readonly SourceRow[]): number {
  const words = sameType.reduce((total, other) => total + other.words, 0)
  return words === 0 ? 1 / sameType.length : source.words / words
}

/** Of each table of ours, by its name without the schema. */
async function readSizes(database: Database): Promise<Map<string, { table: number; index: number }>> {
  const rows = await database.query<{ name: string; table: number; index: number }>(
    `select relname as name, pg_table_size(oid)::float8 as table, pg_indexes_size(oid)::float8 as index
     from pg_class where relnamespace = '${SCHEMA}'::regnamespace and relkind = 'r'`,
  )
  return new Map(rows.map(({ name, ...sizes }) => [name, sizes]))
}

async function readAges(database: Database): Promise<Map<string, { oldest: string | null; newest: string | null }>> {
  const rows = await database.query<{ source: string; oldest: string | null; newest: string | null }>(
    `select source, min(metadata ->> 'date') as oldest, max(metadata ->> 'date') as newest from ${SCHEMA}.documents group by source`,
  )
  return new Map(rows.map(({ source, ...ages }) => [source, ages]))
}

/** By source. The types that have all vectors, or none, are counted by the index alone; only of the others is looked up what belongs to which source. */
async function countVectors(database: Database, { table }: VectorTable, sources: readonly SourceRow[]): Promise<Map<string, number>> {
  const rows = await database.query<{ type: SourceType; count: number }>(
    `select type, count(*)::float8 as count from ${table} group by type`,
  )
  const counts = new Map<string, number>()
  for (const { type, count } of rows) {
    const sameType = sources.filter((source) => source.type === type)
    const [only] = sameType
    if (sameType.length === 1 && only) counts.set(only.name, count)
    else if (count === sameType.reduce((total, { passages }) => total + passages, 0)) {
      for (const { name, passages } of sameType) counts.set(name, passages)
    } else {
      const parted = await database.query<{ source: string; count: number }>(
        `select d.source, count(*)::float8 as count from ${table} as v join ${SCHEMA}.passages as p on p.type = v.type and p.id = v.passage
         join ${SCHEMA}.documents as d on d.id = p.document where v.type = $1 and p.type = $1 group by d.source`,
        [type],
      )
      for (const { source, count: part } of parted) counts.set(source, part)
    }
  }
  return counts
}
