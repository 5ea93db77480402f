/** One node of a plan. What was not asked for, or is of another version, is null. */
export interface PlanNode {
  /** As psql writes it: `Parallel Seq Scan`, `Hash Left Join`, `HashAggregate`, `Index Scan Backward`. */
  type: string
  /** `InitPlan 1`, `SubPlan 2`, `CTE recent`: a part of its own that the nodes above use. */
  subplan: string | null
  /** `schema.name`. */
  relation: string | null
  /** What else rows come from: a CTE, `schema.function`. */
  source: string | null
  alias: string | null
  index: string | null
  /** Conditions and keys in the words of EXPLAIN: `Index Cond`, `Filter`, `Sort Key`. */
  expressions: Record<string, string>
  startupCost: number
  totalCost: number
  /** Estimated rows, a loop. */
  planRows: number
  planWidth: number
  /** Actual rows over all loops, those of all workers too; null unless it ran. Up to Postgres 17 rounded for each loop. */
  actualRows: number | null
  loops: number | null
  /** Over all loops, like the rows: looked at and left out, by a filter, by a join's, and by looking at a bitmap's rows again. */
  removed: { filter: number; joinFilter: number; recheck: number }
  /** `external merge`, `top-N heapsort`; null where nothing was sorted. */
  sortMethod: string | null
  /** What did not fit into memory. */
  diskKb: number | null
  hashBatches: number | null
  heapFetches: number | null
  exactHeapBlocks: number | null
  lossyHeapBlocks: number | null
  workersPlanned: number | null
  workersLaunched: number | null
  /** Partitions and the like that were left out when it began to run. */
  subplansRemoved: number | null
  buffers: Buffers | null
  children: PlanNode[]
}

/** In blocks, the children's included. */
export interface Buffers {
  sharedHit: number
  sharedRead: number
  sharedDirtied: number
  sharedWritten: number
  tempRead: number
  tempWritten: number
}

export interface Plan {
  root: PlanNode
  /** Made without knowing the parameters. */
  generic: boolean
  totalCost: number
  /** Totals of the run; null unless it ran. */
  buffers: Buffers | null
  /** Null before Postgres 13 too. */
  wal: { records: number; fullPageImages: number; bytes: number } | null
  /** Milliseconds; with `track_io_timing`, shared, local and temporary blocks together. */
  ioMs: { read: number; write: number } | null
  planningMs: number | null
  executionMs: number | null
  triggers: Array<{ name: string; relation: string; calls: number }>
  /** Settings of the planner that are not the default. */
  settings: Record<string, string>
}

type Json = Record<string, unknown>

/** The plan that EXPLAIN (FORMAT JSON) of Postgres 12 to 18 prints. */
export function readPlan(json: string, { generic }: { generic: boolean }): Plan {
  const [top = {}] = JSON.parse(json) as Json[]
  const plan = (top.Plan ?? {}) as Json
  const root = readNode(plan)
  const ran = typeof top['Execution Time'] === 'number'
  return {
    root,
    generic,
    totalCost: root.totalCost,
    buffers: ran ? root.buffers : null,
    wal: ran && 'WAL Bytes' in plan ? walOf(plan) : null,
    ioMs: ran ? ioOf(plan) : null,
    planningMs: numberOf(top['Planning Time']),
    executionMs: numberOf(top['Execution Time']),
    triggers: ((top.Triggers as Json[] | undefined) ?? []).map((one) => ({
      name: String(one['Constraint Name'] ?? one['Trigger Name'] ?? ''),
      relation: String(one.Relation ?? ''),
      calls: numberOf(one.Calls) ?? 0,
    })),
    settings: { ...(top.Settings as Record<string, string> | undefined) },
  }
}

/** Those psql shows, in its order. Lists are joined by commas. */
const EXPRESSIONS = [
  'Index Cond',
  'Recheck Cond',
  'Order By',
  'TID Cond',
  'Hash Cond',
  'Merge Cond',
  'Join Filter',
  'Sort Key',
  'Presorted Key',
  'Group Key',
  'Cache Key',
  'Function Call',
  'Run Condition',
  'One-Time Filter',
  'Filter',
]

function readNode(node: Json): PlanNode {
  const text = (name: string): string | null => (typeof node[name] === 'string' ? (node[name] as string) : null)
  const loops = numberOf(node['Actual Loops'])
  const each = numberOf(node['Actual Rows'])
  const removed = (by: string): number => Math.round((numberOf(node[`Rows Removed by ${by}`]) ?? 0) * (loops ?? 1))
  const [relation, schema, called] = [text('Relation Name'), text('Schema'), text('Function Name')]
  const given = EXPRESSIONS.flatMap((name) => {
    const value = node[name]
    return value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : String(value)] as const]
  })
  return {
    type: typeOf(node),
    subplan: text('Subplan Name'),
    relation: relation === null ? null : schema === null ? relation : `${schema}.${relation}`,
    source: text('CTE Name') ?? text('Table Function Name') ?? (called === null ? null : [schema, called].filter(Boolean).join('.')),
    alias: text('Alias'),
    index: text('Index Name'),
    expressions: Object.fromEntries(given),
    startupCost: numberOf(node['Startup Cost']) ?? 0,
    totalCost: numberOf(node['Total Cost']) ?? 0,
    planRows: numberOf(node['Plan Rows']) ?? 0,
    planWidth: numberOf(node['Plan Width']) ?? 0,
    actualRows: each === null ? null : Math.round(each * (loops ?? 1)),
    loops,
    removed: { filter: removed('Filter'), joinFilter: removed('Join Filter'), recheck: removed('Index Recheck') },
    sortMethod: text('Sort Method'),
    diskKb: text('Sort Space Type') === 'Disk' ? numberOf(node['Sort Space Used']) : numberOf(node['Disk Usage']),
    hashBatches: numberOf(node['Hash Batches']) ?? numberOf(node['HashAgg Batches']),
    heapFetches: numberOf(node['Heap Fetches']),
    exactHeapBlocks: numberOf(node['Exact Heap Blocks']),
    lossyHeapBlocks: numberOf(node['Lossy Heap Blocks']),
    workersPlanned: numberOf(node['Workers Planned']),
    workersLaunched: numberOf(node['Workers Launched']),
    subplansRemoved: numberOf(node['Subplans Removed']),
    buffers: 'Shared Hit Blocks' in node ? buffersOf(node) : null,
    children: ((node.Plans as Json[] | undefined) ?? []).map(readNode),
  }
}

const AGGREGATES: Record<string, string> = {
  Plain: 'Aggregate',
  Sorted: 'GroupAggregate',
  Hashed: 'HashAggregate',
  Mixed: 'MixedAggregate',
}

/** JSON takes apart what the text says in one. */
function typeOf(node: Json): string {
  const plain = String(node['Node Type'] ?? '')
  const join = node['Join Type']
  const partial = node['Partial Mode'] === undefined || node['Partial Mode'] === 'Simple' ? '' : `${node['Partial Mode']} `
  const parallel = node['Parallel Aware'] === true ? 'Parallel ' : ''
  if (plain === 'ModifyTable') return String(node.Operation ?? plain)
  if (plain === 'Aggregate') return `${parallel}${partial}${AGGREGATES[String(node.Strategy)] ?? plain}`
  if (plain === 'SetOp') return `${node.Strategy === 'Hashed' ? 'HashSetOp' : plain} ${node.Command ?? ''}`.trim()
  if (plain.endsWith(' Scan') && node['Scan Direction'] === 'Backward') return `${parallel}${plain} Backward`
  if (join !== undefined && join !== 'Inner') {
    return plain === 'Nested Loop' ? `${parallel}Nested Loop ${join} Join` : `${parallel}${plain.replace(/ Join$/, '')} ${join} Join`
  }
  return `${parallel}${plain}`
}

function buffersOf(node: Json): Buffers {
  const blocks = (name: string): number => numberOf(node[`${name} Blocks`]) ?? 0
  return {
    sharedHit: blocks('Shared Hit'),
    sharedRead: blocks('Shared Read'),
    sharedDirtied: blocks('Shared Dirtied'),
    sharedWritten: blocks('Shared Written'),
    tempRead: blocks('Temp Read'),
    tempWritten: blocks('Temp Written'),
  }
}

function walOf(node: Json): Plan['wal'] {
  const count = (name: string): number => numberOf(node[`WAL ${name}`]) ?? 0
  return { records: count('Records'), fullPageImages: count('FPI'), bytes: count('Bytes') }
}

/** Until 16 one pair, of shared and local blocks; 15 tells those of temporary files beside it, 17 keeps all three apart. */
function ioOf(node: Json): Plan['ioMs'] {
  const sum = (what: string): number | null => {
    const known = ['', 'Shared ', 'Local ', 'Temp '].flatMap((kind) => numberOf(node[`${kind}I/O ${what} Time`]) ?? [])
    return known.length === 0 ? null : known.reduce((all, one) => all + one, 0)
  }
  const [read, write] = [sum('Read'), sum('Write')]
  return read === null || write === null ? null : { read, write }
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

/** A node and all below it, from the top. */
export function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...node.children.flatMap(nodesOf)]
}

/** Blocks of a node without its children's. */
export function ownBlocks({ buffers, children }: PlanNode): number {
  const total = (one: PlanNode['buffers']): number => (one?.sharedHit ?? 0) + (one?.sharedRead ?? 0)
  return total(buffers) - children.reduce((sum, child) => sum + total(child.buffers), 0)
}

/** `Index Scan using people_pkey on public.people`. */
export function nameOf({ type, relation, source, alias, index }: PlanNode): string {
  const from = relation ?? source ?? (alias === null || /^[a-z_][a-z\d_$]*$/.test(alias) ? alias : `"${alias}"`)
  return `${type}${index === null ? '' : ` using ${index}`}${from === null ? '' : ` on ${from}`}`
}

/** What tells one plan from another: the nodes with their relations and indexes, without numbers. */
export function shapeOf(node: PlanNode): string {
  return node.children.length === 0 ? nameOf(node) : `${nameOf(node)} (${node.children.map(shapeOf).join(', ')})`
}
