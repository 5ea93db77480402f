import { type PlanClaim, SMALL_BLOCKS } from './plan-claim.ts'
import { nameOf, nodesOf, ownBlocks, type PlanNode } from './plan-node.ts'

/** Rows that have to be looked at for a few before an order is worth an index of its own. */
const MANY_FOR_FEW = 10_000
/** Looked at for each one that is returned. */
const EACH = 100
/** An index in the order of a sort pays only where a filter lets most rows of its table through. */
const MOST = 0.5
const PLAIN_KEYS = /^(?:[\p{L}_][\p{L}\p{N}_$]*|"[^"]*"|\.|, | DESC| NULLS (?:FIRST|LAST))+$/u

/** P06 and P08: what a LIMIT makes a plan read for the rows it returns. `at` is the scan that a claim is about. */
export function aboutLimit(root: PlanNode): Array<{ claim: PlanClaim; at: PlanNode }> {
  return nodesOf(root)
    .filter(({ type }) => type === 'Limit')
    .flatMap((limit) => {
      const below = firstBelow(limit, /^(?:Gather|Gather Merge|Result|Subquery Scan|LockRows)$/)
      if (!below) return []
      return below.type === 'Sort' ? aboutSort(limit, below) : aboutOrderedScan(limit, below)
    })
}

/** Down the nodes that hand on rows as they get them. */
function firstBelow(node: PlanNode, handsOn: RegExp): PlanNode | undefined {
  const [child] = node.children.filter(({ subplan }) => subplan === null)
  return child && handsOn.test(child.type) ? firstBelow(child, handsOn) : child
}

/** An index walked for its order alone, and most rows on the way are not wanted. */
function aboutOrderedScan(limit: PlanNode, scan: PlanNode): Array<{ claim: PlanClaim; at: PlanNode }> {
  const left = scan.removed.filter
  const blocks = ownBlocks(scan)
  const returned = limit.actualRows ?? 0
  const forOrder = /^(?:Parallel )?Index (?:Only )?Scan/.test(scan.type) && !('Index Cond' in scan.expressions)
  if (!forOrder || left < MANY_FOR_FEW || left < returned * EACH || blocks < SMALL_BLOCKS) return []
  const message = `walks its index in the order that is asked for and leaves out ${left} rows on the way to ${returned}, reading ${blocks} blocks`
  return [
    { at: scan, claim: { code: 'wrong-order-index', node: nameOf(scan), message, numbers: { removed: left, rows: returned, blocks } } },
  ]
}

/** A whole table sorted for its first rows, which an index would have at hand. */
function aboutSort(limit: PlanNode, sort: PlanNode): Array<{ claim: PlanClaim; at: PlanNode }> {
  const [scan] = sort.children
  const keys = sort.expressions['Sort Key'] ?? ''
  if (!scan || !/Seq Scan$/.test(scan.type) || !PLAIN_KEYS.test(keys)) return []
  const sorted = scan.actualRows ?? 0
  const returned = limit.actualRows ?? 0
  const blocks = ownBlocks(scan)
  const most = sorted >= (sorted + scan.removed.filter) * MOST
  if (!most || sorted < MANY_FOR_FEW || sorted < returned * EACH || blocks < SMALL_BLOCKS) return []
  const message = `sorts ${sorted} rows of ${scan.relation} to return ${returned}: an index on ${keys} would have those at hand`
  return [{ at: scan, claim: { code: 'sort-for-limit', node: nameOf(sort), message, numbers: { sorted, rows: returned, blocks } } }]
}
