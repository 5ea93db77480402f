import { z } from 'zod'
import type { Clone, Step, StepOutcome } from '../clones/clone.ts'
import { UserError } from '../errors.ts'
import type { Operation } from '../sql/operation.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Statement } from '../sql/statement.ts'
import type { Experiment } from './experiment.ts'
import { readCatalog } from './read-catalog.ts'
import { Transaction } from './transaction-input.ts'
import { isControl, transactionsOf } from './transactions.ts'
import { type Known, quoted, quotedKey, type Requirement, requirementsOf } from './violations/requirement.ts'

const Input = z.strictObject({
  script: z.string().meta({ file: true }).describe('File of SQL whose constraints are held against the rows.'),
  transaction: Transaction,
})

/** Counts, never values. */
export interface Violations {
  requirements: RequirementCount[]
}

export interface RequirementCount {
  /** One-based line of the statement in the script. */
  line: number
  /** `check (total > 0)`. */
  what: string
  /** `schema.name`. */
  table: string
  /** Rows that would be rejected; of a unique key those over the first of each. Null when they were not counted. */
  rows: number | null
  /** Why they were not. */
  reason: string | null
  /** They are not rejected now, but when the constraint is validated, and whenever they are changed. */
  later: boolean
}

export const EXPERIMENT: Experiment<z.input<typeof Input>, Violations> = {
  name: 'violations',
  question: 'How many rows would a new NOT NULL, CHECK, UNIQUE, foreign key or narrower type reject?',
  input: Input,
  needs: 'rows',
  async run(clone, { script, transaction = 'file' }, { signal }) {
    if (clone.data !== 'rows') throw new UserError(`A ${clone.provider} clone has no rows to count: use --clone template, dblab or a URL.`)
    const groups = transactionsOf(await readScript(script, transaction), transaction)
    const kept = groups.filter(({ rolledBack }) => !rolledBack).flatMap(({ statements }) => statements)
    return await countViolations(clone, kept, signal)
  },
  summarise({ requirements }) {
    const broken = requirements.filter(({ rows }) => (rows ?? 0) > 0)
    if (requirements.length === 0) return 'Nothing new is required of rows that are there.'
    if (broken.length > 0) return broken.map(({ rows, table, what }) => `${rows} rows of ${table} violate ${what}`).join('; ')
    const unknown = requirements.filter(({ rows }) => rows === null).length
    return unknown > 0
      ? `No violation was found; ${unknown} of ${requirements.length} could not be counted.`
      : 'All rows meet what is required.'
  },
  render({ requirements }) {
    return requirements.map(
      ({ line, what, table, rows, reason, later }) =>
        `line ${line}  ${String(rows ?? '?').padStart(12)}  ${table}  ${what}${later ? '  when it is validated, or they change' : ''}${reason === null ? '' : `  (${reason})`}`,
    )
  },
}

/** Shorter than a clone gives a statement, so that one long count does not end the others. */
const COUNT_MS = 15_000
const BEFORE = 'savepoint pgwitness_before'
const BACK = 'rollback to savepoint pgwitness_before'

/**
 * Counts at the place of each statement, what stands before it in the script having run. Everything is one transaction that is rolled back; counting is
 * read only. Statements that refuse a transaction, or fail, are left out of what has run.
 */
async function countViolations(clone: Clone, statements: readonly Statement[], signal: AbortSignal): Promise<Violations> {
  const requirements: RequirementCount[] = []
  const known = knownOf(clone, signal)
  const ask = async (steps: Step[]): Promise<StepOutcome[]> => await clone.batch(steps, signal)
  await ask([{ sql: 'begin', name: 'begin' }])
  try {
    for (const statement of statements.filter((one) => !isControl(one) && !one.syntaxError)) {
      for (const operation of statement.operations.filter(({ inside }) => inside === undefined)) {
        for (const requirement of await requirementsOf(operation, known(statement))) {
          requirements.push({ line: statement.line, ...(await count(requirement, ask)) })
        }
      }
      const [, outcome] = await ask([{ sql: BEFORE, name: 'savepoint' }, { sql: statement.text }])
      await ask([{ sql: outcome?.error ? BACK : 'release savepoint pgwitness_before', name: 'back' }])
    }
  } finally {
    if (!signal.aborted) await ask([{ sql: 'rollback', name: 'rollback' }])
  }
  return { requirements }
}

/** Expressions of the change are part of the query, so it may only read, and its server takes one statement. */
async function count(
  { what, table, count: sql, prepare, later = false }: Requirement,
  ask: (steps: Step[]) => Promise<StepOutcome[]>,
): Promise<Omit<RequirementCount, 'line'>> {
  if (sql === undefined) return { what, table, later, rows: null, reason: 'an expression or a condition of it is not counted' }
  const outcomes = await ask([
    { sql: BEFORE, name: 'savepoint' },
    ...(prepare === undefined ? [] : [{ sql: prepare }]),
    { sql: 'set transaction read only', name: 'read only' },
    { sql: `set local statement_timeout = ${COUNT_MS}`, name: 'count limit' },
    { sql, name: `count ${sql}` },
    { sql: BACK, name: 'back', always: true },
  ])
  const error = outcomes.find((outcome) => outcome.error)?.error
  const rows = outcomes.at(-2)?.values[0]?.rows
  return {
    what,
    table,
    later,
    rows: rows === undefined || rows === null ? null : Number(rows),
    reason: error ? `${error.code} ${sqlState(error.code)}` : null,
  }
}

/** Messages of failed casts quote values, so only the kind of error is told. */
function sqlState(code: string): string {
  const names: Record<string, string> = {
    '42P01': 'no such table',
    '42703': 'no such column',
    '57014': 'it took too long',
    '42501': 'not allowed',
  }
  return names[code] ?? 'the count failed'
}

function knownOf(clone: Clone, signal: AbortSignal): (statement: Statement) => Known {
  return (statement) => ({
    async constraints(table) {
      return (await readCatalog(clone)).relations.get(table)?.constraints ?? []
    },
    async columnsOf(domain) {
      const { relations, types } = await readCatalog(clone)
      const name = domain.split('.').at(-1) ?? domain
      const tables = types.get(domain)?.usedBy ?? []
      return tables.flatMap((table) =>
        (relations.get(table)?.columns ?? [])
          .filter(({ type }) => type === name || type === domain)
          .map((column) => ({ table, column: column.name })),
      )
    },
    keysOf: async (operation) => await keysOf(operation, statement, clone, signal),
    exclusionOf: ({ constraint }) => exclusionOf(statement.text, constraint?.columns ?? []),
  })
}

const EXCLUDE = /\bexclude\s+(?:using\s+[\w"]+\s*)?\(([^()]*)\)(?!\s*where\b)/i
const ELEMENT = /^\s*(?:"(?:[^"]|"")+"|[\w$]+)(?:\s+[\w.]+)?\s+with\s+([-+*/<>=~!@#%^&|`?]+)\s*$/i

/** The operators as written, where each stands by a plain column; of several EXCLUDE in a statement none is told. */
function exclusionOf(text: string, columns: readonly string[]): Array<{ column: string; operator: string }> | undefined {
  const elements = text.match(/\bexclude\b/gi)?.length === 1 ? EXCLUDE.exec(text)?.[1]?.split(',') : undefined
  const operators = elements?.map((element) => ELEMENT.exec(element)?.[1])
  if (operators?.length !== columns.length) return undefined
  const pairs = columns.flatMap((column, index) => (operators[index] === undefined ? [] : [{ column, operator: operators[index] }]))
  return pairs.length === columns.length ? pairs : undefined
}

const UNIQUE = /^(\s*create\s+)unique\s+(index\s+)(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?/i

/** Plain columns stand in the statement; of expressions Postgres tells the text, once the index is built without UNIQUE. */
async function keysOf({ index, table }: Operation, statement: Statement, clone: Clone, signal: AbortSignal): ReturnType<Known['keysOf']> {
  const columns = index?.columns ?? []
  if (!index?.expressions) return { keys: columns.map(quoted), predicate: index?.predicate }
  if (!UNIQUE.test(statement.text)) return undefined
  const outcomes = await clone.batch(
    [
      { sql: BEFORE, name: 'savepoint' },
      { sql: statement.text.replace(UNIQUE, '$1$2') },
      {
        sql: `select pg_catalog.string_agg(pg_catalog.pg_get_indexdef(i.indexrelid, n, true), E'\\x01' order by n) as keys
          from pg_catalog.pg_index i cross join lateral pg_catalog.generate_series(1, i.indnkeyatts) n
          where i.indexrelid = (select pg_catalog.max(indexrelid) from pg_catalog.pg_index where indrelid = $1::pg_catalog.regclass)`,
        name: 'keys',
        parameters: [quotedKey(table?.key ?? '')],
      },
      { sql: BACK, name: 'back', always: true },
    ],
    signal,
  )
  const keys = outcomes[2]?.values[0]?.keys
  return keys ? { keys: keys.split('\x01'), predicate: index.predicate } : undefined
}
