import type { Clone } from '../../clones/clone.ts'
import { UserError } from '../../errors.ts'
import { readScript } from '../../sql/reader/read-script.ts'
import { hasPlan, literal } from '../plans/explain.ts'

export interface WorkloadQuery {
  /** One-based line of the text it starts on. */
  line: number
  sql: string
  /** How many: `$1` and so on have no values, so its plan is the one for unknown values. */
  parameters: number
  /** `select`, `update`. */
  kind: string
}

export interface Workload {
  queries: WorkloadQuery[]
  /** Of EXPLAIN (VERBOSE), in the order of the queries. */
  plans: PlanJson[]
  /** Statements that no plan is made of. */
  refused: Array<{ line: number; reason: string }>
}

const NAME = 'pgwitness_query'

/** The queries of a text, each of which the server itself took for one statement that has a plan. A UserError when none is. */
export async function readWorkload(clone: Clone, text: string, signal: AbortSignal): Promise<Workload> {
  const workload: Workload = { queries: [], plans: [], refused: [] }
  for (const { line, text: sql, kind, syntaxError } of await readScript(text)) {
    const problem = syntaxError ? `it does not parse: ${syntaxError.message}` : hasPlan(kind) ? undefined : `${kind} has no plan`
    const parameters = problem ?? (await countParameters(clone, sql, signal))
    const query = { line, sql, parameters: Number(parameters), kind }
    const plan = typeof parameters === 'string' ? parameters : await firstPlan(clone, query, signal)
    if (typeof plan === 'string') {
      workload.refused.push({ line, reason: plan })
      continue
    }
    workload.queries.push(query)
    workload.plans.push(plan)
  }
  if (workload.queries.length > 0) return workload
  const [first] = workload.refused
  throw new UserError(first ? `There is no query to advise on: line ${first.line}: ${first.reason}.` : 'There is no query to advise on.')
}

/** Making a plan runs the functions that call themselves immutable: what they do is rolled back. */
async function firstPlan(clone: Clone, query: WorkloadQuery, signal: AbortSignal): Promise<PlanJson | string> {
  await clone.batch([{ sql: ['begin'] }], signal)
  const plan = await planOf(clone, query, 'verbose', signal)
  await clone.batch([{ sql: ['rollback'] }], signal)
  return plan
}

/** Or why it has none. */
async function countParameters(clone: Clone, sql: string, signal: AbortSignal): Promise<number | string> {
  const outcomes = await clone.batch([{ sql: ['begin'] }, { sql: `prepare ${NAME} as ${sql}` }], signal)
  const error = outcomes.find((outcome) => outcome.error)?.error
  const [row] = error
    ? []
    : await clone.query<{ count: number }>(
        `select pg_catalog.cardinality(parameter_types)::pg_catalog.int4 as count from pg_catalog.pg_prepared_statements where name = '${NAME}'`,
      )
  await clone.batch([{ sql: ['rollback'] }, { sql: `deallocate ${NAME}`, always: true }], signal)
  return error ? `${error.message} (${error.code})` : (row?.count ?? 'it was prepared and is gone')
}

export type PlanJson = Record<string, unknown>

const SETTING = 'pgwitness.plan'

/** `run` runs the query too, which may then have no parameters. */
type How = 'plan' | 'verbose' | 'run'

const OPTIONS: Record<How, string> = {
  plan: 'format json',
  verbose: 'verbose, format json',
  run: 'analyze, buffers, timing off, format json',
}

/** What EXPLAIN (FORMAT JSON) says of the plan of a query without values for its parameters; or why there is none. */
export async function planOf(clone: Clone, { sql, parameters }: WorkloadQuery, how: How, signal: AbortSignal): Promise<PlanJson | string> {
  const options = OPTIONS[how]
  const making =
    parameters === 0
      ? `execute ${literal(`explain (${options}) ${sql}`)} into plan;`
      : clone.postgres >= 16
        ? `execute ${literal(`explain (generic_plan, ${options}) ${sql}`)} into plan;`
        : preparing(sql, `explain (${options}) execute ${NAME} (${Array(parameters).fill('null').join(', ')})`)
  const body = `declare plan pg_catalog.text; begin ${making} perform pg_catalog.set_config('${SETTING}', plan, false); end`
  const [outcome] = await clone.batch([{ sql: `do ${literal(body)}` }], signal)
  if (outcome?.error) return `${outcome.error.message} (${outcome.error.code})`
  const [row] = await clone.query<{ plan: string }>(`select pg_catalog.current_setting('${SETTING}') as plan`)
  const [top] = JSON.parse(row?.plan ?? '[]') as Array<{ Plan?: PlanJson }>
  return top?.Plan ?? 'it has no plan'
}

/** A plan for these nulls would find nothing to do. What is prepared outlives an error and a transaction. */
function preparing(sql: string, explained: string): string {
  return `perform pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true);
    execute ${literal(`prepare ${NAME} as ${sql}`)};
    begin execute ${literal(explained)} into plan;
    exception when others or query_canceled then deallocate ${NAME}; raise; end;
    deallocate ${NAME};`
}

/** A node and all below it. */
export function planNodes(node: PlanJson): PlanJson[] {
  return [node, ...((node.Plans as PlanJson[] | undefined) ?? []).flatMap(planNodes)]
}
