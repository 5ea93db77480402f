import { chownSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { isDump, parseDump } from '../statistics/dump.ts'
import { parseStatistics, type Statistics } from '../statistics/statistics.ts'
import type { CloneProvider, DatabaseError } from './clone.ts'
import { type Cluster, newCluster } from './local/cluster.ts'
import { asAdmin } from './local/rights.ts'
import { cloneOn, type LocalOptions, localBinaries } from './local.ts'
import { extendFile, setTreeHeight, treeLevel } from './twin/files.ts'
import { readRelations, restoreStatistics } from './twin/restore.ts'
import { countNewIndexes, sizesOf } from './twin/sizes.ts'

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
          async atProductionSize() {
            if (size.reached) return
            await toProductionSize(cluster, statistics, notes)
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
async function toProductionSize(cluster: Cluster, statistics: Statistics, notes: string[]): Promise<void> {
  const sizes = await asAdmin(cluster, async (admin) => {
    const relations = await readRelations(admin)
    notes.push(...(await restoreStatistics(admin, statistics, relations)))
    await countNewIndexes(admin, relations, statistics.relations)
    return await sizesOf(admin, relations, statistics.relations)
  })
  await cluster.stop('fast')
  const data = join(cluster.folder, 'data')
  const { uid, gid } = statSync(data)
  const chown = (file: string): void => chownSync(file, uid, gid)
  for (const { relation, pages, toastPages, keyBytes } of sizes) {
    if (relation.path === null) continue
    const file = join(data, relation.path)
    if (relation.method === 'btree' && pages > 1) setTreeHeight(file, treeLevel(pages, keyBytes))
    extendFile(file, pages, chown)
    if (relation.toastPath !== null) extendFile(join(data, relation.toastPath), toastPages, chown)
  }
  await cluster.start(AbortSignal.timeout(60_000))
}
