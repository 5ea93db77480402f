import type { Connection, Step } from '../../clones/clone.ts'
import { UserError } from '../../errors.ts'
import { readScript } from '../../sql/reader/read-script.ts'
import { type Plan, readPlan } from './plan-node.ts'

/** The one statement of a text, without what comes after it. A UserError for anything that is not one query. */
export async function oneQuery(text: string): Promise<string> {
  const statements = await readScript(text)
  const [query] = statements
  if (!query || statements.length > 1) throw new UserError(`That is ${statements.length} statements: a plan is made for one query.`)
  if (query.syntaxError) throw new UserError(`The query does not parse: ${query.syntaxError.message}.`)
  if (!/^(?:select|insert|update|delete|merge|values|table|with)$/.test(query.kind.split(' ')[0] ?? '')) {
    throw new UserError(`There is no plan for ${query.kind.toUpperCase()}: only for SELECT, INSERT, UPDATE, DELETE, MERGE and VALUES.`)
  }
  return query.text
}

/** How many parameters a query has: `$1` to this. */
export function parametersOf(query: string): number {
  const bare = query.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
  return Math.max(0, ...[...bare.matchAll(/\$(\d+)/g)].map(([, digits]) => Number(digits)))
}

/** The plan that Postgres would make without knowing the parameters; nothing runs. */
export async function explain(connection: Connection, postgres: number, query: string, signal: AbortSignal): Promise<Plan> {
  const options = 'format json, verbose, settings'
  const count = parametersOf(query)
  const nulls = Array.from({ length: count }, () => 'null').join(', ')
  const steps: Step[] =
    count === 0
      ? [{ sql: `explain (${options}) ${query}`, name: 'explain' }]
      : postgres >= 16
        ? [{ sql: [`begin`] }, { sql: `explain (${options}, generic_plan) ${query}`, name: 'explain' }, { sql: ['rollback'], always: true }]
        : [
            { sql: 'set plan_cache_mode = force_generic_plan', name: 'generic' },
            { sql: `prepare pgwitness_plan as ${query}` },
            { sql: `explain (${options}) execute pgwitness_plan (${nulls})`, name: 'explain' },
            { sql: 'deallocate pgwitness_plan', name: 'deallocate', always: true },
            { sql: 'reset plan_cache_mode', name: 'reset', always: true },
          ]
  return await planOf(connection, postgres >= 16 && count > 0 ? withoutParameters(steps) : steps, signal)
}

/** GENERIC_PLAN only takes `$1` in a simple query, where rows are not kept: the text goes through a function of PL/pgSQL. */
function withoutParameters(steps: Step[]): Step[] {
  return steps
    .map((step) => {
      if (step.name !== 'explain') return step
      const sql = String(step.sql)
      let tag = 'pgwitness'
      while (sql.includes(tag)) tag += '_'
      const create = `create function pg_temp.pgwitness_explain() returns json language plpgsql as $${tag}f$ declare plan json; begin execute $${tag}$${sql}$${tag}$ into plan; return plan; end $${tag}f$`
      return { ...step, sql: create, name: 'make explain' }
    })
    .flatMap((step) =>
      step.name === 'make explain' ? [step, { sql: 'select pg_temp.pgwitness_explain() as "QUERY PLAN"', name: 'explain' }] : [step],
    )
}

/** Runs the query with its parameters in a transaction that is rolled back, and gives the plan with what it took. */
export async function explainAnalyze(
  connection: Connection,
  postgres: number,
  query: string,
  parameters: readonly string[],
  signal: AbortSignal,
): Promise<Plan> {
  const options = `analyze, buffers, timing off, settings, verbose, format json${postgres >= 13 ? ', wal' : ''}`
  return await planOf(
    connection,
    [
      { sql: ['begin'] },
      { sql: `explain (${options}) ${query}`, name: 'explain', parameters: [...parameters] },
      { sql: ['rollback'], always: true },
    ],
    signal,
  )
}

async function planOf(connection: Connection, steps: Step[], signal: AbortSignal): Promise<Plan> {
  const outcomes = await connection.batch(steps, signal)
  const error = outcomes.find((outcome) => outcome.error)?.error
  if (error) throw new UserError(`Postgres makes no plan of the query: ${error.message} (${error.code}).`)
  const row = outcomes[steps.findIndex(({ name }) => name === 'explain')]?.values[0]
  return readPlan(row?.['QUERY PLAN'] ?? '[]')
}
