import { z } from 'zod'
import type { Clone } from '../clones/clone.ts'
import type { Experiment } from './experiment.ts'
import { runScript, type ScriptFailure } from './run-script.ts'
import { compareSchemas, readSchema, reorderedTables, type Schema, type SchemaDifference } from './schema.ts'

const Input = z.strictObject({
  up: z.string().meta({ file: true }).describe('File of SQL that takes the schema forward.'),
  down: z.string().meta({ file: true }).describe('File of SQL that takes it back.'),
  transaction: z
    .enum(['file', 'implicit', 'none'])
    .default('file')
    .describe('How the tool sends a file: one transaction, one query, or each statement alone.'),
})

const DIRECTIONS = ['up', 'down', 'second up'] as const

export interface BothWays {
  /** What up changes. */
  changes: SchemaDifference[]
  /** What is not as it was after up and down: nothing when down restores. */
  notRestored: SchemaDifference[]
  /** Tables whose columns stand in another order after up and down, which no migration can help. */
  reordered: string[]
  /** What a second up leaves otherwise than the first. */
  secondUp: SchemaDifference[]
  /** Rows that are gone after up and down, by table. */
  rowsLost: Array<{ table: string; before: number; after: number }>
  /** Values that are gone, by column, of tables that keep their rows. */
  valuesLost: Array<{ column: string; before: number; after: number }>
  /** The one that did not run, with the error of Postgres; what comes after it was not tried. */
  failed: ({ direction: (typeof DIRECTIONS)[number] } & ScriptFailure) | null
  /** Whether there was a row to lose. */
  hadRows: boolean
}

export const EXPERIMENT: Experiment<z.infer<typeof Input>, BothWays> = {
  name: 'both-ways',
  question: 'Does the down migration restore the schema, and can up run again after it?',
  input: Input,
  needs: 'schema',
  async run(clone, { up, down, transaction }, { signal, progress }) {
    const before = await readSchema(clone, signal)
    const held = await countHeld(clone, before)
    const result: BothWays = {
      changes: [],
      notRestored: [],
      reordered: [],
      secondUp: [],
      rowsLost: [],
      valuesLost: [],
      failed: null,
      hadRows: [...held.values()].some(({ rows }) => rows > 0),
    }
    let first: Schema = before
    for (const direction of DIRECTIONS) {
      progress(direction)
      const failed = await runScript(clone, direction === 'down' ? down : up, transaction, signal)
      if (failed) return { ...result, failed: { direction, ...failed } }
      const now = await readSchema(clone, signal)
      if (direction === 'up') {
        first = now
        result.changes = compareSchemas(before, now)
      } else if (direction === 'down') {
        result.notRestored = compareSchemas(before, now)
        result.reordered = reorderedTables(before, now)
        const kept = await countHeld(clone, now, held)
        result.rowsLost = lostRows(held, kept)
        result.valuesLost = lostValues(held, kept)
      } else result.secondUp = compareSchemas(first, now)
    }
    return result
  },
  summarise({ failed, notRestored, secondUp, rowsLost, valuesLost }) {
    const said = [
      ...(failed ? [`The ${failed.direction} migration fails on line ${failed.line}: ${failed.message} (${failed.code})`] : []),
      ...(notRestored.length > 0 ? [`Down does not restore ${counted(notRestored)}`] : []),
      ...rowsLost.map(({ table, before, after }) => `${before - after} rows of ${table} are lost`),
      ...valuesLost.map(({ column, before, after }) => `${before - after} values of ${column} are lost`),
      ...(secondUp.length > 0 ? [`A second up leaves ${counted(secondUp)} otherwise than the first`] : []),
    ]
    return said.length > 0 ? `${said.join('; ')}.` : 'Down restores the schema, and up runs again.'
  },
  render({ changes, notRestored, reordered, secondUp, rowsLost, valuesLost, failed, hadRows }) {
    return [
      ...list('Up changes', changes),
      ...list('Down does not restore', notRestored),
      ...reordered.map((table) => `The columns of ${table} stand in another order after down.`),
      ...list('A second up leaves otherwise', secondUp),
      ...rowsLost.map(({ table, before, after }) => `${table}: ${before} rows before, ${after} after up and down`),
      ...valuesLost.map(({ column, before, after }) => `${column}: ${before} values before, ${after} after up and down`),
      ...(hadRows ? [] : ['The clone has no rows, so whether any are lost was not seen.']),
      ...(failed ? [`${failed.direction}, line ${failed.line}: ${failed.message} (${failed.code})`] : []),
    ]
  },
}

function counted(differences: readonly SchemaDifference[]): string {
  const more = differences.length > 1 ? ` and ${differences.length - 1} more` : ''
  return `${differences[0]?.object}${more}`
}

function list(title: string, differences: readonly SchemaDifference[]): string[] {
  const lines = (sign: string, text: string | null): string[] =>
    text === null ? [] : text.split('\n').map((line) => `    ${sign} ${line}`)
  if (differences.length === 0) return []
  return [title, ...differences.flatMap(({ object, before, after }) => [`  ${object}`, ...lines('-', before), ...lines('+', after)])]
}

/** What a table holds. */
interface Held {
  rows: number
  /** Values that are not null, by column. */
  values: Map<string, number>
}

/**
 * By table, of those that `wanted` has: names that a script made up may be masked. Names come from the schema and are quoted there; a partitioned
 * table's rows are its partitions'.
 */
async function countHeld(clone: Clone, schema: Schema, wanted?: ReadonlyMap<string, Held>): Promise<Map<string, Held>> {
  const held = new Map<string, Held>()
  const definitions = new Map([...schema.values()].map((part) => [part.object, part.definition]))
  for (const [object, definition] of definitions) {
    const [, table] = /^order of columns (.+)$/s.exec(object) ?? []
    if (table === undefined || (wanted && !wanted.has(table)) || /^(?:partitioned|foreign)\b/.test(definitions.get(`table ${table}`) ?? ''))
      continue
    const columns = splitNames(definition).filter((column) => wanted?.get(table)?.values.has(column) ?? true)
    const counts = ['pg_catalog.count(*)', ...columns.map((column) => `pg_catalog.count(${column})`)]
    const [row] = await clone.query<{ counts: string[] }>(
      `select array[${counts.join(', ')}]::pg_catalog.text[] as counts from only ${table}`,
    )
    const [rows = 0, ...values] = (row?.counts ?? []).map(Number)
    held.set(table, { rows, values: new Map(columns.map((column, index) => [column, values[index] ?? 0])) })
  }
  return held
}

/** `a, "b, c"`. */
function splitNames(list: string): string[] {
  return list.match(/"(?:[^"]|"")*"|[^,\s]+/g) ?? []
}

function lostRows(before: ReadonlyMap<string, Held>, after: ReadonlyMap<string, Held>): BothWays['rowsLost'] {
  return [...before].flatMap(([table, { rows }]) => {
    const left = after.get(table)?.rows ?? 0
    return left < rows ? [{ table, before: rows, after: left }] : []
  })
}

function lostValues(before: ReadonlyMap<string, Held>, after: ReadonlyMap<string, Held>): BothWays['valuesLost'] {
  return [...before].flatMap(([table, { rows, values }]) => {
    const kept = after.get(table)
    if (!kept || kept.rows < rows) return []
    return [...values].flatMap(([column, count]) => {
      const left = kept.values.get(column) ?? 0
      return left < count ? [{ column: `${table}.${column}`, before: count, after: left }] : []
    })
  })
}
