/** One node of a plan, in the words of EXPLAIN. What was not asked for, or is of another version, is null. */
export interface PlanNode {
  /** `Index Scan`, `Hash Join`. */
  type: string
  /** `schema.name`. */
  relation: string | null
  index: string | null
  /** The condition that the index, or the join, serves. */
  condition: string | null
  /** What is only looked at afterwards. */
  filter: string | null
  sortKey: string[]
  totalCost: number
  /** Estimated rows, a loop. */
  planRows: number
  planWidth: number
  /** Actual rows over all loops; null unless it ran. */
  actualRows: number | null
  loops: number | null
  /** Over all loops. */
  removedByFilter: number
  /** `external merge` and the like; null where nothing was sorted. */
  sortMethod: string | null
  sortSpaceKb: number | null
  hashBatches: number | null
  heapFetches: number | null
  lossyHeapBlocks: number | null
  workersPlanned: number | null
  workersLaunched: number | null
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

/** The number the planner changes a choice by, and what running took. */
export interface Plan {
  root: PlanNode
  totalCost: number
  /** Totals of the run; null unless it ran. */
  buffers: Buffers | null
  walBytes: number | null
  planningMs: number | null
  executionMs: number | null
  /** Settings that are not the default. */
  settings: Record<string, string>
}

type Json = Record<string, unknown>

/** The plan that EXPLAIN (FORMAT JSON) of Postgres 12 to 18 prints. */
export function readPlan(json: string): Plan {
  const [top] = JSON.parse(json) as Json[]
  const plan = (top?.Plan ?? {}) as Json
  const root = readNode(plan)
  const ran = typeof top?.['Execution Time'] === 'number'
  return {
    root,
    totalCost: root.totalCost,
    buffers: ran ? root.buffers : null,
    walBytes: ran && 'WAL Bytes' in plan ? Number(plan['WAL Bytes']) : null,
    planningMs: numberOf(top?.['Planning Time']),
    executionMs: numberOf(top?.['Execution Time']),
    settings: (top?.Settings ?? {}) as Record<string, string>,
  }
}

function readNode(node: Json): PlanNode {
  const text = (name: string): string | null => (typeof node[name] === 'string' ? (node[name] as string) : null)
  const loops = numberOf(node['Actual Loops'])
  const each = numberOf(node['Actual Rows'])
  const removed = ['Rows Removed by Filter', 'Rows Removed by Join Filter', 'Rows Removed by Index Recheck'].reduce(
    (sum, name) => sum + (numberOf(node[name]) ?? 0),
    0,
  )
  const relation = text('Relation Name')
  const schema = text('Schema')
  return {
    type: [text('Parallel Aware') ?? (node['Parallel Aware'] === true ? 'Parallel' : ''), text('Node Type') ?? '']
      .filter(Boolean)
      .join(' '),
    relation: relation === null ? null : schema === null ? relation : `${schema}.${relation}`,
    index: text('Index Name'),
    condition: text('Index Cond') ?? text('Recheck Cond') ?? text('Hash Cond') ?? text('Merge Cond'),
    filter: text('Filter') ?? text('Join Filter'),
    sortKey: (node['Sort Key'] as string[] | undefined) ?? [],
    totalCost: numberOf(node['Total Cost']) ?? 0,
    planRows: numberOf(node['Plan Rows']) ?? 0,
    planWidth: numberOf(node['Plan Width']) ?? 0,
    // Up to 17 the average of the loops is a whole number.
    actualRows: each === null ? null : Math.round(each * (loops ?? 1)),
    loops,
    removedByFilter: Math.round(removed * (loops ?? 1)),
    sortMethod: text('Sort Method'),
    sortSpaceKb: text('Sort Space Type') === 'Disk' ? numberOf(node['Sort Space Used']) : null,
    hashBatches: numberOf(node['Hash Batches']),
    heapFetches: numberOf(node['Heap Fetches']),
    lossyHeapBlocks: numberOf(node['Lossy Heap Blocks']),
    workersPlanned: numberOf(node['Workers Planned']),
    workersLaunched: numberOf(node['Workers Launched']),
    buffers: 'Shared Hit Blocks' in node ? buffersOf(node) : null,
    children: ((node.Plans as Json[] | undefined) ?? []).map(readNode),
  }
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

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

/** A node and all below it, from the top. */
export function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...node.children.flatMap(nodesOf)]
}

/** What tells one plan from another: the nodes with their relations and indexes, without numbers. */
export function shapeOf({ type, relation, index, children }: PlanNode): string {
  const name = [type, relation, index].filter(Boolean).join(' ')
  return children.length === 0 ? name : `${name}(${children.map(shapeOf).join(', ')})`
}
