import type { Clone } from '../../clones/clone.ts'
import { ServiceError } from '../../errors.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import { bodyOf, type Candidate } from './candidate.ts'
import { namePrefix } from './name-prefix.ts'
import { sqlNameOf } from './table-facts.ts'

/** What writing to a table costs without and with its new indexes, measured on two copies of some of its rows. */
export interface WriteCost {
  /** `public.orders`, as SQL. */
  table: string
  /** New ones. */
  indexes: number
  inserts: WriteRun | null
  updates: UpdateRun[]
  /** Why nothing was measured. */
  reason: string | null
}

export interface WriteRun {
  /** Written to each copy. */
  rows: number
  /** Microseconds a row. */
  usBefore: number
  usAfter: number
  /** Bytes a row; null before Postgres 13, and where the server writes none. */
  walBytesBefore: number | null
  walBytesAfter: number | null
}

/** Updates of one column, on pages that are half empty, so that there is room for HOT. */
export interface UpdateRun extends WriteRun {
  column: string
  hotBefore: number
  hotAfter: number
}

const ROWS = 2000
const ROUNDS = 3
/** Of a table, so many are updated. */
const MOST_COLUMNS = 6
/** Each pair of copies is filled in turns, so that neither has the warmer cache. */
const COPIES = ['before', 'after'] as const

interface Copy {
  before: string
  after: string
}

interface Column {
  name: string
  isGenerated: boolean
  isUnique: boolean
}

/** `prepare` makes the copies while the tables have their old indexes, `measure` writes to them. All in the transaction that is open. */
export function writeCosts(
  clone: Clone,
  chosen: readonly Candidate[],
  signal: AbortSignal,
): { prepare(): Promise<void>; measure(): Promise<WriteCost[]> } {
  const tables = [...Map.groupBy(chosen, ({ table }) => sqlNameOf(table))]
  const copies = new Map<string, Copy | string>()
  return {
    async prepare() {
      for (const [index, [table, own]] of tables.entries()) copies.set(table, await copy(clone, table, own, index, signal))
    },
    async measure() {
      const costs: WriteCost[] = []
      for (const [table, own] of tables) {
        const made = copies.get(table) ?? 'it was not copied'
        const nothing: WriteCost = { table, indexes: own.length, inserts: null, updates: [], reason: null }
        if (typeof made === 'string') costs.push({ ...nothing, reason: made })
        else costs.push(await guarded(clone, nothing, async () => await measure(clone, made, own, nothing, signal)))
      }
      return costs
    },
  }
}

/** An error of the database ends the measuring of one table. */
async function guarded(clone: Clone, nothing: WriteCost, work: () => Promise<WriteCost>): Promise<WriteCost> {
  await clone.query('savepoint pgwitness_writes')
  try {
    return await work()
  } catch (error) {
    // Fails when the clone is gone.
    await clone.query('rollback to savepoint pgwitness_writes')
    const { code } = error as { code?: string }
    const why = error instanceof ServiceError ? 'in time' : undefined
    if (why === undefined && code?.length !== 5) throw error
    return { ...nothing, reason: `the rows of a copy could not be written ${why ?? `(${code})`}` }
  }
}

/** Two empty tables like it, one with the new indexes too; or why there are none. */
async function copy(clone: Clone, table: string, own: readonly Candidate[], index: number, signal: AbortSignal): Promise<Copy | string> {
  const prefix = namePrefix()
  const schema = quoteIdentifier(own[0]?.table.schema ?? 'public')
  const [before, after] = COPIES.map((one) => `${schema}.${prefix}_${one}_${index}`)
  if (before === undefined || after === undefined) throw new Error('there are two copies')
  await clone.query('savepoint pgwitness_copy')
  const like = 'including defaults including identity including generated including storage including constraints including indexes'
  const outcomes = await clone.batch(
    [
      ...[before, after].map((name) => ({ sql: `create table ${name} (like ${table} ${like}) with (fillfactor = 50)` })),
      ...own.flatMap(({ requires, ...one }) => [
        ...(requires === null ? [] : [{ sql: `create extension if not exists ${requires}` }]),
        { sql: `create index on ${after} ${bodyOf({ requires, ...one })}` },
      ]),
    ],
    signal,
  )
  const error = outcomes.find((outcome) => outcome.error)?.error
  if (!error) return { before, after }
  await clone.query('rollback to savepoint pgwitness_copy')
  return `it could not be copied: ${error.message} (${error.code})`
}

async function measure(clone: Clone, copies: Copy, own: readonly Candidate[], nothing: WriteCost, signal: AbortSignal): Promise<WriteCost> {
  const columns = await columnsOf(clone, copies.before)
  const listed = columns.filter(({ isGenerated }) => !isGenerated).map(({ name }) => quoteIdentifier(name))
  const fill = async (one: keyof Copy, round: number): Promise<Written> => {
    signal.throwIfAborted()
    await clone.query(`truncate ${copies[one]}`)
    const from = `select ${listed.join(', ')} from ${nothing.table} limit ${ROWS} offset ${round * ROWS}`
    return await write(clone, `insert into ${copies[one]} (${listed.join(', ')}) overriding system value ${from}`)
  }
  const runs: Record<keyof Copy, Written[]> = { before: [], after: [] }
  for (let round = 0; round < ROUNDS; round += 1) for (const one of COPIES) runs[one].push(await fill(one, round))
  const inserts = together(runs.before, runs.after)
  if (inserts.rows === 0) return { ...nothing, reason: 'the table has no rows' }
  const updates: UpdateRun[] = []
  for (const name of updatedColumns(own, columns)) {
    for (const one of COPIES) await fill(one, 0)
    updates.push(await measureUpdate(clone, copies, name))
  }
  return { ...nothing, inserts, updates: updates.filter(({ rows }) => rows > 0) }
}

/** Columns in the new indexes that can take each other's values. */
function updatedColumns(own: readonly Candidate[], columns: readonly Column[]): string[] {
  const stored = new Set(own.flatMap(({ keys, include }) => [...keys.flatMap((key) => key.columns), ...include]))
  return columns
    .filter(({ name, isGenerated, isUnique }) => stored.has(name) && !isGenerated && !isUnique)
    .map(({ name }) => name)
    .slice(0, MOST_COLUMNS)
}

async function measureUpdate(clone: Clone, copies: Copy, name: string): Promise<UpdateRun> {
  const column = quoteIdentifier(name)
  const runs: Record<keyof Copy, Written> = { before: NOTHING, after: NOTHING }
  const hot = { before: 0, after: 0 }
  for (const one of COPIES) {
    const table = copies[one]
    const others = `select ctid as place, pg_catalog.lag(${column}) over (order by pg_catalog.md5(ctid::pg_catalog.text)) as value from ${table}`
    const changed = `o.place = t.ctid and o.value is not null and t.${column} is not null and o.value::pg_catalog.text <> t.${column}::pg_catalog.text`
    const earlier = await hotUpdates(clone, table)
    runs[one] = await write(clone, `update ${table} t set ${column} = o.value from (${others}) o where ${changed}`)
    hot[one] = (await hotUpdates(clone, table)) - earlier
  }
  return { column: name, ...together([runs.before], [runs.after]), hotBefore: hot.before, hotAfter: hot.after }
}

interface Written {
  rows: number
  ms: number
  walBytes: number | null
}

const NOTHING: Written = { rows: 0, ms: 0, walBytes: null }

async function write(clone: Clone, sql: string): Promise<Written> {
  const wal = clone.postgres >= 13 ? 'wal, ' : ''
  const [row] = await clone.query<{ 'QUERY PLAN': Array<{ Plan: Record<string, unknown>; 'Execution Time': number }> }>(
    `explain (analyze, ${wal}timing off, format json) ${sql}`,
  )
  const [top] = row?.['QUERY PLAN'] ?? []
  const [child] = (top?.Plan.Plans ?? []) as Array<Record<string, unknown>>
  const bytes = top?.Plan['WAL Bytes']
  return { rows: Number(child?.['Actual Rows'] ?? 0), ms: top?.['Execution Time'] ?? 0, walBytes: typeof bytes === 'number' ? bytes : null }
}

/** The quickest of the rounds tells the time. */
function together(before: readonly Written[], after: readonly Written[]): WriteRun {
  const fastest = (runs: readonly Written[]): number => Math.min(...runs.flatMap(({ rows, ms }) => (rows > 0 ? [(1000 * ms) / rows] : [])))
  const wal = (runs: readonly Written[]): number | null =>
    runs.reduce((sum, { walBytes }) => sum + (walBytes ?? 0), 0) / rowsOf(runs) || null
  return {
    rows: rowsOf(before),
    usBefore: fastest(before),
    usAfter: fastest(after),
    walBytesBefore: wal(before),
    walBytesAfter: wal(after),
  }
}

function rowsOf(runs: readonly Written[]): number {
  return runs.reduce((sum, one) => sum + one.rows, 0)
}

/** In this transaction. */
async function hotUpdates(clone: Clone, table: string): Promise<number> {
  const [row] = await clone.query<{ hot: number }>(
    'select pg_catalog.pg_stat_get_xact_tuples_hot_updated($1::pg_catalog.regclass)::pg_catalog.int4 as hot',
    [table],
  )
  return row?.hot ?? 0
}

async function columnsOf(clone: Clone, table: string): Promise<Column[]> {
  return await clone.query<Column>(
    `select a.attname::pg_catalog.text as name, a.attgenerated <> '' as "isGenerated",
      exists (select from pg_catalog.pg_index i where i.indrelid = a.attrelid and (i.indisunique or i.indisexclusion) and a.attnum = any (i.indkey::pg_catalog.int2[])) as "isUnique"
     from pg_catalog.pg_attribute a where a.attrelid = $1::pg_catalog.regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [table],
  )
}
