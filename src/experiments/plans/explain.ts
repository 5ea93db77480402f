import type { Clone, DatabaseError, Step } from '../../clones/clone.ts'
import { ServiceError, UserError } from '../../errors.ts'
import { readScript } from '../../sql/reader/read-script.ts'
import { type Plan, readPlan } from './plan-node.ts'

export interface Question {
  /** One query, as `oneQuery` gives it. */
  query: string
  /** Values for `$1` and so on. Without them, and where there are parameters, the plan is the generic one. */
  values: readonly string[] | undefined
  /** Runs it, which is rolled back. */
  analyze: boolean
}

/** The one statement of a text, without what comes after it. A UserError for anything that is not one query. */
export async function oneQuery(text: string): Promise<string> {
  const statements = await readScript(text)
  const [query] = statements
  if (!query || statements.length > 1) throw new UserError(`That is ${statements.length} statements: a plan is made for one query.`)
  if (query.syntaxError) throw new UserError(`The query does not parse: ${query.syntaxError.message}.`)
  if (!hasPlan(query.kind)) {
    throw new UserError(`There is no plan for ${query.kind.toUpperCase()}: only for SELECT, INSERT, UPDATE, DELETE, MERGE and VALUES.`)
  }
  return query.text
}

/** Whether statements of a kind have a plan. */
export function hasPlan(kind: string): boolean {
  return /^(?:select|insert|update|delete|merge|values|table|with)$/.test(kind.split(' ')[0] ?? '')
}

const NAME = 'pgwitness_plan'
/** A plan is handed from the statement that makes it to our own query, whose answers no mask changes, in a setting. */
const SETTING = 'pgwitness.plan'
/** Asked for by us, so not told among the settings. */
const OUR_SETTINGS = ['plan_cache_mode']

/**
 * The plan of a query, which PREPARE takes: the server itself sees that it is one statement and one with a plan. EXPLAIN then names it. Everything is
 * one transaction that is rolled back, under the limits of scripts.
 */
export async function explain(clone: Clone, question: Question, signal: AbortSignal): Promise<Plan> {
  const { query, values } = question
  try {
    await ask(clone, [{ sql: ['begin'] }, { sql: `prepare ${NAME} as ${query}` }], signal)
    const count = await parametersOf(clone)
    if (values && values.length !== count)
      throw new UserError(`The query has ${count} parameters, and ${values.length} values were given for them.`)
    const generic = count > 0 && !values
    if (generic && question.analyze) throw new UserError(`The query has ${count} parameters: it runs only with values for them.`)
    const mode = generic ? 'force_generic_plan' : 'force_custom_plan'
    await ask(clone, [{ sql: `set local plan_cache_mode = ${mode}` }, { sql: storing(explainStatement(clone, question, count)) }], signal)
    const [row] = await clone.query<{ plan: string }>(`select pg_catalog.current_setting('${SETTING}') as plan`)
    const plan = readPlan(row?.plan ?? '[]', { generic })
    for (const name of OUR_SETTINGS) delete plan.settings[name]
    return plan
  } finally {
    // PREPARE outlives its transaction.
    if (!signal.aborted) await clone.batch([{ sql: ['rollback'] }, { sql: `deallocate ${NAME}`, always: true }], signal)
  }
}

async function ask(clone: Clone, steps: Step[], signal: AbortSignal): Promise<void> {
  const outcomes = await clone.batch(steps, signal)
  const error = outcomes.find((outcome) => outcome.error)?.error
  if (error) throw refused(error)
}

function refused({ code, message }: DatabaseError): UserError {
  return new UserError(`Postgres makes no plan of the query: ${message} (${code}).`)
}

async function parametersOf(clone: Clone): Promise<number> {
  const [row] = await clone.query<{ count: number }>(
    `select pg_catalog.cardinality(parameter_types)::pg_catalog.int4 as count from pg_catalog.pg_prepared_statements where name = '${NAME}'`,
  )
  if (!row) throw new ServiceError(`${clone.provider} clone`, 'the query was prepared and is gone')
  return row.count
}

function explainStatement({ postgres }: Clone, { query, values, analyze }: Question, count: number): string {
  const run = ['analyze', 'timing off', 'buffers', ...(postgres >= 13 ? ['wal'] : [])]
  const options = [...(analyze ? run : []), 'verbose', 'settings', 'format json']
  // From 16 on there is a generic plan that does not leave out the partitions that null is not in.
  if (count > 0 && !values && postgres >= 16) return `explain (${['generic_plan', ...options].join(', ')}) ${query}`
  const given = values?.map(literal) ?? Array.from({ length: count }, () => 'null')
  return `explain (${options.join(', ')}) execute ${NAME}${count > 0 ? ` (${given.join(', ')})` : ''}`
}

function storing(statement: string): string {
  const body = `declare plan pg_catalog.text; begin
    execute ${literal(statement)} into plan;
    perform pg_catalog.set_config('${SETTING}', plan, true);
  end`
  return `do ${literal(body)}`
}

/** A string as SQL, read the same whatever `standard_conforming_strings` is. */
export function literal(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
