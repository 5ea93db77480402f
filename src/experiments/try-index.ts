import { z } from 'zod'
import type { Clone } from '../clones/clone.ts'
import { UserError } from '../errors.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Experiment } from './experiment.ts'
import { type PlanJson, planNodes, planOf, type WorkloadQuery } from './indexes/workload.ts'
import { oneQuery } from './plans/explain.ts'
import { withoutLiterals } from './plans/masking.ts'
import { readPlan } from './plans/plan-node.ts'
import { renderPlan } from './plans/render-plan.ts'

const Input = z.strictObject({
  index: z.string().describe('The index: `on orders (customer_id)`, or a whole CREATE INDEX.'),
  query: z.string().describe('The query it is for; its parameters are $1, $2 and so on.'),
})

export interface TriedIndex {
  /** As it was made, but for its name. */
  definition: string
  before: TriedPlan
  after: TriedPlan
  /** Whether the plan takes the index. */
  isTaken: boolean
  /** Measured; on a twin estimated. */
  bytes: number
  /** Milliseconds; null on a twin, whose tables have no rows. */
  buildMs: number | null
}

interface TriedPlan {
  /** In the planner's units. */
  cost: number
  /** Shared blocks, from the cache or not; null where the query was not run. */
  blocks: number | null
  /** Lines like psql's, without literals. */
  plan: string[]
}

const NAME = 'pgwitness_try'

export const EXPERIMENT: Experiment<z.input<typeof Input>, TriedIndex> = {
  name: 'try-index',
  question: 'What would one more index do for a query: is it taken, what does the plan cost, what does it read?',
  input: Input,
  needs: 'statistics',
  async run(clone, input, { signal, progress }) {
    if (clone.data === 'nothing')
      throw new UserError('On empty tables no index saves anything: use production statistics (a twin), or a clone with rows.')
    const definition = await definitionOf(input.index)
    const sql = await oneQuery(input.query)
    const query: WorkloadQuery = { line: 1, sql, parameters: countParameters(sql), kind: 'select' }
    return await (clone.data === 'statistics' ? onTwin : onRows)(clone, { definition, query }, signal, progress)
  },
  summarise({ definition, before, after, isTaken, bytes, buildMs }) {
    const cost = `cost ${number(before.cost)} to ${number(after.cost)}`
    const blocks =
      before.blocks === null || after.blocks === null ? '' : `, blocks read ${number(before.blocks)} to ${number(after.blocks)}`
    const size = `${number(bytes / 1024)} kB${buildMs === null ? ' estimated' : `, built in ${number(buildMs)} ms`}`
    return `${definition} (${size}): ${isTaken ? `taken, ${cost}${blocks}` : `no plan takes it, ${cost}`}`
  },
  render: ({ definition, before, after, isTaken }) => [
    'Without it:',
    ...before.plan,
    '',
    `With ${definition}${isTaken ? '' : ', which is not taken'}:`,
    ...after.plan,
  ],
}

interface Wish {
  definition: string
  query: WorkloadQuery
}

async function onTwin(clone: Clone, { definition, query }: Wish, signal: AbortSignal): Promise<TriedIndex> {
  await clone.atProductionSize?.(signal)
  const before = triedPlan(await plan(clone, query, 'plan', signal), false)
  await clone.restart?.(signal)
  await make(clone, definition, signal)
  await clone.atProductionSize?.(signal)
  const after = await plan(clone, query, 'plan', signal)
  const { names, bytes } = await made(clone)
  return { definition, before, after: triedPlan(after, false), isTaken: takes(after, names), bytes, buildMs: null }
}

/** What the query writes and the index are rolled back. */
async function onRows(
  clone: Clone,
  { definition, query }: Wish,
  signal: AbortSignal,
  progress: (what: string) => void,
): Promise<TriedIndex> {
  const how = query.parameters > 0 ? 'plan' : 'run'
  await clone.batch([{ sql: ['begin'] }], signal)
  try {
    progress('the query without the index')
    const before = await apart(clone, async () => await plan(clone, query, how, signal))
    progress('building the index')
    const buildMs = await make(clone, definition, signal)
    progress('the query with the index')
    const after = await apart(clone, async () => await plan(clone, query, how, signal))
    const { names, bytes } = await made(clone)
    const ran = how === 'run'
    return { definition, before: triedPlan(before, ran), after: triedPlan(after, ran), isTaken: takes(after, names), bytes, buildMs }
  } finally {
    if (!signal.aborted) await clone.batch([{ sql: ['rollback'] }], signal)
  }
}

async function apart<T>(clone: Clone, work: () => Promise<T>): Promise<T> {
  await clone.query('savepoint pgwitness_apart')
  const result = await work()
  await clone.query('rollback to savepoint pgwitness_apart')
  return result
}

async function plan(clone: Clone, query: WorkloadQuery, how: 'plan' | 'run', signal: AbortSignal): Promise<PlanJson> {
  const made = await planOf(clone, query, how, signal)
  if (typeof made === 'string') throw new UserError(`Postgres makes no plan of the query: ${made}.`)
  return made
}

/** Milliseconds it took. */
async function make(clone: Clone, definition: string, signal: AbortSignal): Promise<number> {
  const [outcome] = await clone.batch([{ sql: definition.replace(/ index /, ` index ${NAME} `) }], signal)
  if (outcome?.error) throw new UserError(`Postgres does not make this index: ${outcome.error.message} (${outcome.error.code}).`)
  return outcome?.ms ?? 0
}

/** `create [unique] index on …`, whatever name it was given and whether CONCURRENTLY. A UserError for anything that is not one index. */
async function definitionOf(text: string): Promise<string> {
  const [, , unique, rest] =
    /^\s*(create\s+(unique\s+)?index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?(?:(?!on\s)(?:"(?:[^"]|"")+"|[\w$]+)\s+)?)?(on\s[^;]*?)\s*;?\s*$/is.exec(
      text,
    ) ?? []
  if (rest === undefined) throw new UserError('That is no index: write `on orders (customer_id)`, or a whole CREATE INDEX.')
  const definition = `create ${unique === undefined ? '' : 'unique '}index ${rest.replace(/^on\s+/i, 'on ').replaceAll(/\s*\n\s*/g, ' ')}`
  const [statement, ...others] = await readScript(definition)
  if (!statement || statement.syntaxError || others.length > 0 || statement.kind !== 'create index')
    throw new UserError(`That is not one index: ${statement?.syntaxError?.message ?? 'write `on orders (customer_id)`'}.`)
  return definition
}

/** The highest `$n`; strings that hold one only make the plan a generic one. */
function countParameters(sql: string): number {
  return Math.max(0, ...[...sql.matchAll(/\$(\d{1,4})\b/g)].map(([, digits]) => Number(digits)))
}

/** Names of what it consists of on a partitioned table, its own among them. */
async function made(clone: Clone): Promise<{ names: Set<string>; bytes: number }> {
  const rows = await clone.query<{ name: string; bytes: number }>(
    `select o.relname::pg_catalog.text as name, pg_catalog.pg_relation_size(o.oid)::pg_catalog.float8 as bytes from pg_catalog.pg_class c
     cross join lateral (select t.relid::pg_catalog.oid as oid from pg_catalog.pg_partition_tree(c.oid) t union select c.oid) p
     join pg_catalog.pg_class o on o.oid = p.oid where c.relname = $1 and c.relkind in ('i', 'I')`,
    [NAME],
  )
  return { names: new Set(rows.map(({ name }) => name)), bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0) }
}

function takes(plan: PlanJson, names: ReadonlySet<string>): boolean {
  return planNodes(plan).some((node) => names.has(String(node['Index Name'])))
}

function triedPlan(json: PlanJson, ran: boolean): TriedPlan {
  return {
    cost: Number(json['Total Cost'] ?? 0),
    blocks: ran ? Number(json['Shared Hit Blocks'] ?? 0) + Number(json['Shared Read Blocks'] ?? 0) : null,
    plan: renderPlan(withoutLiterals(readPlan(JSON.stringify([{ Plan: json }]), { generic: false }))),
  }
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
