import { chownSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { isDump, parseDump } from '../statistics/dump.ts'
import { parseStatistics, type Statistics } from '../statistics/statistics.ts'
import type { CloneProvider, DatabaseError } from './clone.ts'
import { type Cluster, newCluster } from './local/cluster.ts'
import { asAdmin } from './local/rights.ts'
import { cloneOn, type LocalOptions, localBinaries, scriptTarget } from './local.ts'
import { openConnection } from './native/connection.ts'
import { extendFile, setTreeHeight, treeLevel } from './twin/files.ts'
import { keyOf, readRelations, restoreStatistics, type TwinRelation } from './twin/restore.ts'
import { countNewIndexes, fractionsOf, sizesOf } from './twin/sizes.ts'

export interface TwinOptions extends LocalOptions {
  /** A file of `pgwitness stats export`, or of `pg_dump --statistics-only`. */
  statistics: { path: string; text: string }
}

/** Loading statistics is a function of 18's. */
const TWIN_MAJOR = 18

/**
 * Local clones that plan as production does. Until a plan is asked for a twin is a small local clone on which scripts run; `atProductionSize` loads the
 * statistics, makes its files as long as production's without writing them, and from then on only plans are made.
 */
export function twinClones(options: TwinOptions): CloneProvider {
  const { path, text } = options.statistics
  const statistics = isDump(text) ? parseDump(text, path) : parseStatistics(text, path)
  const local = { ...options, postgres: TWIN_MAJOR }
  return {
    name: 'twin',
    warm() {
      // Nothing is known yet of what it will hold.
    },
    async create(base, signal) {
      signal.throwIfAborted()
      const cluster = newCluster(localBinaries(local), options.settings)
      try {
        const size = { reached: false }
        const notes = notesOf(statistics, path)
        return await cloneOn(cluster, base, local, signal, {
          provider: 'twin',
          data: 'statistics',
          refuses: (sql) => (size.reached ? onlyPlans(sql) : undefined),
          restored() {
            size.reached = false
          },
          async atProductionSize(stop) {
            if (size.reached) return
            await toProductionSize(cluster, statistics, notes, stop)
            size.reached = true
          },
          notes,
        })
      } catch (error) {
        await cluster.remove()
        throw error
      }
    },
  }
}

function notesOf(statistics: Statistics, path: string): string[] {
  if (statistics.relations.every(({ columns }) => columns.length === 0))
    throw new UserError(`${path} has no statistics of any column: export them as a role that may read the tables.`)
  return statistics.values
    ? []
    : [`${path} has no values, so estimates of conditions on single values and ranges are the planner's defaults.`]
}

const PLANS =
  /^\s*(?:explain\b(?!\s*\([^)]*\banalyze\b(?!\s*(?:off|false|0)))(?!\s+(?:verbose\s+)?analyze\b)|prepare\b|deallocate\b|set\b|reset\b|begin\b|rollback\b|savepoint\b|do E'declare plan pg_catalog\.text; begin\s+execute E''explain\b)/i

/** Its tables are holes: a query would find nothing, and read for hours to do so. */
function onlyPlans(sql: string): DatabaseError | undefined {
  return PLANS.test(sql.replace(/\/\*[\s\S]*?\*\/|--[^\n]*/g, ' '))
    ? undefined
    : { code: '55000', message: 'a twin at production size only makes plans' }
}

/** What could not be loaded is added to `notes`. */
async function toProductionSize(cluster: Cluster, statistics: Statistics, notes: string[], signal: AbortSignal): Promise<void> {
  const files = filesOf(cluster)
  const sizes = await asAdmin(cluster, async (admin) => {
    const relations = await readRelations(admin)
    await using script = await openConnection(
      scriptTarget(cluster, RESTORE_MS),
      { service: 'local clone', statementMs: RESTORE_MS },
      signal,
    )
    const faults = await restoreStatistics({ admin, script }, statistics, relations)
    notes.push(...faults.filter((fault) => !notes.includes(fault)))
    const fractions = await partsOfTables(cluster, relations, statistics, signal)
    const all = await sizesOf(admin, relations, statistics.relations, fractions)
    await countNewIndexes(admin, all)
    return all
  })
  await cluster.stop('fast')
  for (const { relation, pages, toastPages, keyBytes } of sizes) {
    if (relation.path === null) continue
    if (relation.method === 'btree' && pages > 1) setTreeHeight(files.path(relation.path), treeLevel(pages, keyBytes))
    files.extend(relation.path, pages)
    if (relation.toastPath !== null) files.extend(relation.toastPath, toastPages)
  }
  await cluster.start(AbortSignal.timeout(60_000))
}

function filesOf(cluster: Cluster): { path(relative: string): string; extend(relative: string, pages: number): void } {
  const data = join(cluster.folder, 'data')
  const { uid, gid } = statSync(data)
  const path = (relative: string): string => join(data, relative)
  return { path, extend: (relative, pages) => extendFile(path(relative), pages, (file) => chownSync(file, uid, gid)) }
}

/** See `fractionsOf`. The planner has to see tables of their size, and the files of tables may grow while the server runs. */
async function partsOfTables(
  cluster: Cluster,
  relations: readonly TwinRelation[],
  statistics: Statistics,
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const known = new Map(statistics.relations.map((one) => [keyOf(one), one]))
  const partial = relations.filter((one) => one.kind === 'i' && one.partial && !known.has(keyOf(one)))
  if (partial.length === 0) return new Map()
  const files = filesOf(cluster)
  const tables = new Set(partial.map(({ table }) => table))
  for (const table of relations.filter(({ oid }) => tables.has(oid)))
    if (table.path !== null) files.extend(table.path, Math.max(0, known.get(keyOf(table))?.pages ?? 0))
  const script = await openConnection(scriptTarget(cluster, PLAN_MS), { service: 'local clone', statementMs: PLAN_MS }, signal)
  try {
    return await fractionsOf(script, partial)
  } finally {
    await script[Symbol.asyncDispose]()
  }
}

const PLAN_MS = 5_000
const RESTORE_MS = 60_000
