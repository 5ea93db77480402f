import { nodesOf, type Plan, type PlanNode } from './plan-node.ts'

/** Something a plan shows that costs more than it would have to. Judged by rows and blocks, which are production's on a thin clone; times are not. */
export interface PlanClaim {
  code: 'seq-scan' | 'misestimate' | 'spill' | 'nested-loop' | 'poor-index' | 'wrong-order-index' | 'heap-fetches' | 'sort-for-limit'
  /** `Seq Scan on public.orders`. */
  node: string
  message: string
  numbers: Record<string, number>
}

/** Below this a scan of the whole table is as good as anything: 8 MB. */
const SMALL_BLOCKS = 1000
/** An index pays when it leaves out most of what a scan reads. */
const SELECTIVE = 0.05
/** Ten times off is where the planner begins to take other plans; below a thousand rows it does not matter. */
const FAR_OFF = 10
const MANY_ROWS = 1000
/** Inner sides of a nested loop that are asked this often belong in a hash. */
const MANY_LOOPS = 10_000
/** Blocks touched for each row that comes out. */
const BLOCKS_A_ROW = 20

/** What a plan that ran shows. Nothing when it did not run: estimates alone prove no harm. */
export function claimsOf({ root }: Plan): PlanClaim[] {
  const limited = root.type === 'Limit' || root.children.some(({ type }) => type === 'Limit')
  return nodesOf(root)
    .flatMap((node) => [...aboutScan(node), ...aboutEstimate(node), ...aboutSpill(node), ...aboutLoop(node)])
    .concat(limited ? aboutLimit(root) : [])
}

/** Blocks of a node without its children's. */
function ownBlocks({ buffers, children }: PlanNode): number {
  const total = (one: PlanNode['buffers']): number => (one?.sharedHit ?? 0) + (one?.sharedRead ?? 0)
  return total(buffers) - children.reduce((sum, child) => sum + total(child.buffers), 0)
}

function nameOf({ type, relation, index }: PlanNode): string {
  return `${type}${index === null ? '' : ` using ${index}`}${relation === null ? '' : ` on ${relation}`}`
}

/** P01, P05, P07. */
function aboutScan(node: PlanNode): PlanClaim[] {
  const { type, actualRows, removedByFilter, heapFetches } = node
  if (actualRows === null) return []
  const blocks = ownBlocks(node)
  const looked = actualRows + removedByFilter
  const numbers = { rows: actualRows, removed: removedByFilter, blocks }
  const selective = looked > 0 && actualRows / looked < SELECTIVE && node.filter !== null
  if (/Seq Scan$/.test(type) && blocks > SMALL_BLOCKS && selective) {
    return [
      {
        code: 'seq-scan',
        node: nameOf(node),
        message: `reads ${blocks} blocks and leaves out ${removedByFilter} of ${looked} rows`,
        numbers,
      },
    ]
  }
  if (
    /^(?:Index|Bitmap Heap) Scan/.test(type) &&
    selective &&
    removedByFilter > MANY_ROWS &&
    blocks > actualRows * BLOCKS_A_ROW &&
    blocks > SMALL_BLOCKS
  ) {
    return [
      {
        code: 'poor-index',
        node: nameOf(node),
        message: `finds ${looked} rows by its index and leaves out ${removedByFilter} of them afterwards`,
        numbers,
      },
    ]
  }
  if (type.endsWith('Index Only Scan') && heapFetches !== null && heapFetches > MANY_ROWS && heapFetches > actualRows / 2) {
    return [
      {
        code: 'heap-fetches',
        node: nameOf(node),
        message: `looks ${heapFetches} rows up in the table: it was not vacuumed lately`,
        numbers: { ...numbers, heapFetches },
      },
    ]
  }
  return []
}

/** P02, where the estimate is of rows that were read: a plan above may stop early. */
function aboutEstimate(node: PlanNode): PlanClaim[] {
  const { type, planRows, actualRows, loops, relation } = node
  if (actualRows === null || !loops || relation === null || !/Scan/.test(type) || /Bitmap Index/.test(type)) return []
  const estimated = planRows * loops
  const factor = Math.max(estimated, 1) / Math.max(actualRows, 1)
  // Fewer than estimated is what a LIMIT above does too.
  if (factor > 1 / FAR_OFF || actualRows < MANY_ROWS) return []
  return [
    {
      code: 'misestimate',
      node: nameOf(node),
      message: `${Math.round(estimated)} rows were estimated and ${actualRows} came: statistics are stale, or columns depend on each other (CREATE STATISTICS)`,
      numbers: { estimated, rows: actualRows },
    },
  ]
}

/** P03. */
function aboutSpill(node: PlanNode): PlanClaim[] {
  const { sortSpaceKb, hashBatches, buffers, children } = node
  const written = (buffers?.tempWritten ?? 0) - children.reduce((sum, child) => sum + (child.buffers?.tempWritten ?? 0), 0)
  if (written <= 0 || (sortSpaceKb === null && (hashBatches ?? 1) <= 1)) return []
  return [
    {
      code: 'spill',
      node: nameOf(node),
      message: `writes ${written} blocks of temporary files, as work_mem is too small for it`,
      numbers: { tempBlocks: written },
    },
  ]
}

/** P04: an inner side without an index, asked again and again. */
function aboutLoop({ type, children }: PlanNode): PlanClaim[] {
  const inner = children[1]
  if (type !== 'Nested Loop' || !inner || (inner.loops ?? 0) < MANY_LOOPS) return []
  const scans = nodesOf(inner).filter(
    (node) => /Seq Scan$/.test(node.type) && (node.loops ?? 0) >= MANY_LOOPS && node.removedByFilter > (node.loops ?? 0) * 10,
  )
  return scans.map((node) => ({
    code: 'nested-loop',
    node: nameOf(node),
    message: `is read ${node.loops} times by a nested loop`,
    numbers: { loops: node.loops ?? 0, removed: node.removedByFilter },
  }))
}

/** P06, P08: what comes before a LIMIT. */
function aboutLimit(root: PlanNode): PlanClaim[] {
  const nodes = nodesOf(root)
  const sort = nodes.find(({ type }) => type === 'Sort')
  const below = sort?.children[0]
  if (sort?.sortMethod?.startsWith('top-N') && below && (below.actualRows ?? 0) > MANY_ROWS * 10 && ownBlocks(below) > SMALL_BLOCKS) {
    return [
      {
        code: 'sort-for-limit',
        node: nameOf(sort),
        message: `sorts ${below.actualRows} rows to return ${root.actualRows}: an index in the order of ${sort.sortKey.join(', ')} would stop after those`,
        numbers: { sorted: below.actualRows ?? 0, returned: root.actualRows ?? 0 },
      },
    ]
  }
  const ordered = nodes.find((node) => /^Index Scan/.test(node.type) && node.condition === null && node.removedByFilter > MANY_ROWS * 10)
  return ordered && !sort
    ? [
        {
          code: 'wrong-order-index',
          node: nameOf(ordered),
          message: `walks the index in the order that is asked for and leaves out ${ordered.removedByFilter} rows on the way to ${ordered.actualRows}`,
          numbers: { removed: ordered.removedByFilter, rows: ordered.actualRows ?? 0 },
        },
      ]
    : []
}
