import { z } from 'zod'
import type { Clone, DatabaseError, Step } from '../clones/clone.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { TransactionMode } from '../sql/statement.ts'
import type { Experiment } from './experiment.ts'
import { compareSchemas, readSchema, type Schema, type SchemaDifference } from './schema.ts'
import { quotedKey } from './violations/requirement.ts'

const Input = z.strictObject({
  up: z.string().meta({ file: true }).describe('File of SQL that takes the schema forward.'),
  down: z.string().meta({ file: true }).describe('File of SQL that takes it back.'),
  transaction: z
    .enum(['file', 'implicit', 'none'])
    .default('file')
    .describe('How the tool sends a file: one transaction, one query, or each statement alone.'),
})

/** `failed` is the direction that did not run, with the error of Postgres; what comes after it was not tried. */
export interface BothWays {
  /** What up changes. */
  changes: SchemaDifference[]
  /** What is not as it was after up and down: nothing when down restores. */
  notRestored: SchemaDifference[]
  /** Columns that stand in another order after up and down, which no migration can help. */
  reordered: string[]
  /** What a second up leaves otherwise than the first. */
  secondUp: SchemaDifference[]
  /** Rows that are gone after up and down, by table; only where there were rows. */
  rowsLost: Array<{ table: string; before: number; after: number }>
  failed: { direction: 'up' | 'down' | 'second up'; line: number; code: string; message: string } | null
}

export const EXPERIMENT: Experiment<z.infer<typeof Input>, BothWays> = {
  name: 'both-ways',
  question: 'Does the down migration restore the schema, and can up run again after it?',
  input: Input,
  needs: 'schema',
  async run(clone, { up, down, transaction }, { signal, progress }) {
    const result: BothWays = { changes: [], notRestored: [], reordered: [], secondUp: [], rowsLost: [], failed: null }
    const [before, rowsBefore] = [await readSchema(clone, signal), await countRows(clone)]
    const steps = [
      ['up', up],
      ['down', down],
      ['second up', up],
    ] as const
    let first: Schema = before
    for (const [direction, sql] of steps) {
      progress(direction)
      const failed = await runScript(clone, sql, transaction, signal)
      if (failed) return { ...result, failed: { direction, ...failed } }
      const now = await readSchema(clone, signal)
      if (direction === 'up') {
        first = now
        result.changes = compareSchemas(before, now)
      } else if (direction === 'down') {
        result.notRestored = compareSchemas(before, now)
        result.reordered = compareSchemas(before, now, { order: true })
          .filter(({ object, before: was, after }) => object.startsWith(ORDER) && sameNames(was, after))
          .map(({ object }) => object.slice(ORDER.length))
        result.rowsLost = lostRows(rowsBefore, await countRows(clone))
      } else result.secondUp = compareSchemas(first, now)
    }
    return result
  },
  summarise({ failed, notRestored, secondUp, rowsLost }) {
    if (failed) return `The ${failed.direction} migration fails on line ${failed.line}: ${failed.message} (${failed.code}).`
    const lost = rowsLost.map(({ table, before, after }) => `${before - after} rows of ${table} are lost`)
    const left =
      notRestored.length > 0 ? [`down leaves ${notRestored.length} things otherwise than they were: ${notRestored[0]?.object}`] : []
    const again = secondUp.length > 0 ? [`a second up leaves another schema: ${secondUp[0]?.object}`] : []
    const said = [...left, ...lost, ...again]
    return said.length > 0 ? said.join('; ') : 'Down restores the schema, and up runs again.'
  },
  render({ changes, notRestored, reordered, secondUp, rowsLost, failed }) {
    const list = (title: string, differences: SchemaDifference[]): string[] =>
      differences.length === 0
        ? []
        : [
            title,
            ...differences.flatMap(({ object, before, after }) => [
              `  ${object}`,
              ...(before === null ? [] : [`    - ${before}`]),
              ...(after === null ? [] : [`    + ${after}`]),
            ]),
          ]
    return [
      ...list('Up changes', changes),
      ...list('Down does not restore', notRestored),
      ...reordered.map((table) => `Columns of ${table} stand in another order after down.`),
      ...list('A second up leaves', secondUp),
      ...rowsLost.map(({ table, before, after }) => `${table}: ${before} rows before, ${after} after up and down`),
      ...(failed ? [`${failed.direction}, line ${failed.line}: ${failed.code} ${failed.message}`] : []),
    ]
  },
}

const ORDER = 'order of columns '

function sameNames(before: string | null, after: string | null): boolean {
  const sorted = (text: string | null): string => (text ?? '').split(', ').sort().join()
  return before !== null && after !== null && sorted(before) === sorted(after)
}

/** Runs a file the way its tool does; the first error, with its line, when it fails. */
export async function runScript(
  clone: Clone,
  sql: string,
  transaction: TransactionMode,
  signal: AbortSignal,
): Promise<{ line: number; code: string; message: string } | undefined> {
  const statements = await readScript(sql, transaction)
  const texts = statements.map(({ text }) => text)
  const at = (index: number, { code, message }: DatabaseError) => ({
    line: statements[Math.max(0, Math.min(index, statements.length - 1))]?.line ?? 1,
    code,
    message,
  })
  if (texts.length === 0) return undefined
  if (transaction === 'implicit') {
    const [outcome] = await clone.batch([{ sql: texts }], signal)
    return outcome?.error ? at((outcome.parts.length || 1) - 1, outcome.error) : undefined
  }
  const own = /^\s*(?:begin|start\s+transaction)\b/i.test(texts[0] ?? '')
  const around = transaction === 'file' && !own
  const steps: Step[] = texts.map((text) => ({ sql: text }))
  const outcomes = await clone.batch(around ? [{ sql: ['begin'] }, ...steps, { sql: ['commit'], always: true }] : steps, signal)
  const failed = outcomes.findIndex(({ error }) => error)
  const error = outcomes[failed]?.error
  if (failed >= 0 && !around) await clone.batch([{ sql: ['rollback'] }], signal)
  return error ? at(around ? failed - 1 : failed, error) : undefined
}

/** Rows of every table, where there are rows to lose. */
async function countRows(clone: Clone): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  if (clone.data !== 'rows') return counts
  const tables = await clone.query<{ key: string }>(
    `select n.nspname || '.' || c.relname as key from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
  )
  for (const { key } of tables) {
    const [row] = await clone.query<{ rows: number }>(`select pg_catalog.count(*) as rows from ${quotedKey(key)}`)
    counts.set(key, row?.rows ?? 0)
  }
  return counts
}

function lostRows(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): BothWays['rowsLost'] {
  return [...before]
    .map(([table, count]) => ({ table, before: count, after: after.get(table) ?? 0 }))
    .filter((one) => one.after < one.before)
}
