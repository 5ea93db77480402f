import { aboutLimit } from './limit-claims.ts'
import { type PlanClaim, SMALL_BLOCKS } from './plan-claim.ts'
import { nameOf, nodesOf, ownBlocks, type Plan, type PlanNode } from './plan-node.ts'

/** An index is worth its random reads where it leaves out nineteen rows of twenty. */
const SELECTIVE = 0.05
/** Ten times off is where the planner begins to take other plans. */
const FAR_OFF = 10
/** Below a thousand rows a wrong estimate, a look at the table or a filter costs next to nothing. */
const MANY_ROWS = 1000
/** 1 MB of temporary files: a file that small stays in the memory of the machine. */
const SPILL_BLOCKS = 128
/** The inner side read a thousand times, and 80 MB of it: a hash would have read it once. */
const MANY_LOOPS = 1000
const LOOPED_BLOCKS = 10_000
/** Pairs of rows that a join looked at in vain. */
const MANY_PAIRS = 1_000_000

/**
 * What a plan that ran shows, judged by rows and blocks, which are production's on a thin clone; times are not. Nothing when it did not run:
 * estimates alone prove no harm.
 */
export function claimsOf({ root }: Plan): PlanClaim[] {
  if (root.actualRows === null) return []
  const lazy = lazyBlocks(root)
  const limits = aboutLimit(root)
  const told = new Set(limits.map(({ at }) => at))
  const complete = completeNodes(root)
  const again = readAgain(root)
  const found = nodesOf(root).flatMap((node) => [
    ...(told.has(node) ? [] : aboutScan(node, Math.max(0, ownBlocks(node) - lazy))),
    ...(again.has(node) ? [] : aboutEstimate(node, complete.has(node))),
    ...aboutSpill(node),
    ...aboutLoop(node),
  ])
  return [...found, ...limits.map(({ claim }) => claim)]
}

/** An InitPlan or CTE runs inside the node that first asks for it, wherever it hangs, so its blocks may count as anybody's. */
function lazyBlocks(root: PlanNode): number {
  const parts = nodesOf(root).filter(({ subplan }) => /^(?:InitPlan|CTE)/.test(subplan ?? ''))
  return parts.reduce((sum, { buffers }) => sum + (buffers?.sharedHit ?? 0) + (buffers?.sharedRead ?? 0), 0)
}

/** P01, P05, P07. */
function aboutScan(node: PlanNode, blocks: number): PlanClaim[] {
  const { type, actualRows, removed, heapFetches } = node
  const rows = actualRows ?? 0
  const looked = rows + removed.filter
  const claim = (code: PlanClaim['code'], message: string, numbers: Record<string, number>): PlanClaim => ({
    code,
    node: nameOf(node),
    message,
    numbers: { rows, blocks, ...numbers },
  })
  const selective = removed.filter > MANY_ROWS && rows / looked < SELECTIVE && blocks > SMALL_BLOCKS
  if (/Seq Scan$/.test(type) && selective) {
    const message = `reads ${blocks} blocks and leaves out ${removed.filter} of ${looked} rows`
    return [claim('seq-scan', message, { removed: removed.filter })]
  }
  const claims: PlanClaim[] = []
  if (/(?:Index|Bitmap Heap) Scan/.test(type) && selective) {
    const message = `finds ${looked} rows by its index and leaves out ${removed.filter} of them afterwards, reading ${blocks} blocks`
    claims.push(claim('poor-index', message, { removed: removed.filter }))
  }
  const { exactHeapBlocks, lossyHeapBlocks } = node
  if ((lossyHeapBlocks ?? 0) > SMALL_BLOCKS && (lossyHeapBlocks ?? 0) > (exactHeapBlocks ?? 0) && removed.recheck > MANY_ROWS) {
    const message = `remembers ${lossyHeapBlocks} blocks without their rows, as work_mem is too small for them, and looks at ${removed.recheck} rows in vain`
    claims.push(claim('lossy-bitmap', message, { lossy: lossyHeapBlocks ?? 0, removed: removed.recheck }))
  }
  if (/Index Only Scan/.test(type) && (heapFetches ?? 0) > MANY_ROWS && (heapFetches ?? 0) > rows / 2) {
    const message = `looks ${heapFetches} rows up in the table all the same: it was not vacuumed lately`
    claims.push(claim('heap-fetches', message, { heapFetches: heapFetches ?? 0 }))
  }
  return claims
}

/** Nodes that ran to their end: fewer rows than estimated are no mistake where something above stopped asking, or never asked. */
function completeNodes(root: PlanNode): Set<PlanNode> {
  const complete = new Set<PlanNode>()
  const visit = (node: PlanNode): void => {
    complete.add(node)
    for (const [index, child] of node.children.entries()) {
      // A hash join may give up either side when the other is empty.
      const all = /^(?:Parallel )?(?:Hash|Gather|Gather Merge|Sort|WindowAgg|Append|Subquery Scan)$|Aggregate$/.test(node.type)
      if (all && index === 0 && child.subplan === null && child.loops !== 0) visit(child)
    }
  }
  visit(root)
  return complete
}

/** A merge join goes back and reads inner rows again, so that more come than there are. */
function readAgain(root: PlanNode): Set<PlanNode> {
  const joins = nodesOf(root).filter(({ type }) => /^(?:Parallel )?Merge\b/.test(type) && type !== 'Merge Append')
  return new Set(joins.flatMap(({ children: [, inner] }) => (inner ? nodesOf(inner) : [])))
}

/** P02, of rows as they come from a table: what joins multiply begins there. */
function aboutEstimate(node: PlanNode, complete: boolean): PlanClaim[] {
  const { type, planRows, actualRows, loops, relation } = node
  // Bitmaps do not count rows one by one.
  if (actualRows === null || !loops || relation === null || !/Scan/.test(type) || /Bitmap Index/.test(type)) return []
  const estimated = planRows * loops
  const [fewer, more] = [Math.max(Math.min(estimated, actualRows), 1), Math.max(estimated, actualRows)]
  if (more < MANY_ROWS || more < fewer * FAR_OFF) return []
  // Of a table that was never filled nobody knows better.
  if (actualRows < estimated && (!complete || actualRows + node.removed.filter < MANY_ROWS)) return []
  return [
    {
      code: 'misestimate',
      node: nameOf(node),
      message:
        `was to give ${Math.round(estimated)} rows and gave ${actualRows}: statistics are stale (ANALYZE), too coarse, ` +
        'or columns depend on each other (CREATE STATISTICS)',
      numbers: { estimated: Math.round(estimated), rows: actualRows },
    },
  ]
}

/** P03. */
function aboutSpill(node: PlanNode): PlanClaim[] {
  const { type, buffers, children, diskKb, hashBatches } = node
  // What a CTE itself writes counts as its first reader's as well.
  if (type === 'CTE Scan') return []
  const written = (buffers?.tempWritten ?? 0) - children.reduce((sum, child) => sum + (child.buffers?.tempWritten ?? 0), 0)
  if (written < SPILL_BLOCKS) return []
  return [
    {
      code: 'spill',
      node: nameOf(node),
      message: `writes ${written} blocks of temporary files, as work_mem is too small for it`,
      numbers: { tempBlocks: written, ...(diskKb && { diskKb }), ...(hashBatches && { batches: hashBatches }) },
    },
  ]
}

/** P04: an inner side that is read from end to end again and again. */
function aboutLoop(node: PlanNode): PlanClaim[] {
  const [outer, inner] = node.children
  if (!/^Nested Loop/.test(node.type) || !inner) return []
  const scans = nodesOf(inner).filter(
    (one) => /Seq Scan$/.test(one.type) && (one.loops ?? 0) >= MANY_LOOPS && ownBlocks(one) >= LOOPED_BLOCKS,
  )
  const [scan] = scans
  if (scan) {
    const blocks = ownBlocks(scan)
    const message = `reads ${scan.relation} from end to end ${scan.loops} times, ${blocks} blocks in all`
    return [{ code: 'nested-loop', node: nameOf(node), message, numbers: { loops: scan.loops ?? 0, blocks } }]
  }
  const pairs = node.removed.joinFilter
  if (pairs < MANY_PAIRS || pairs < (node.actualRows ?? 0) * FAR_OFF) return []
  const message = `compares ${outer?.actualRows} rows with ${inner.loops === 0 ? 0 : Math.round((inner.actualRows ?? 0) / (inner.loops ?? 1))} each, ${pairs} pairs in vain`
  return [{ code: 'nested-loop', node: nameOf(node), message, numbers: { pairs, rows: node.actualRows ?? 0 } }]
}
