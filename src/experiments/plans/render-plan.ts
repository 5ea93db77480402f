import { type Buffers, nameOf, type Plan, type PlanNode } from './plan-node.ts'

/** Lines like psql's. */
export function renderPlan(plan: Plan): string[] {
  const { wal, settings, triggers, planningMs, executionMs } = plan
  const changed = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`)
  return [
    ...renderNode(plan.root, 0),
    ...(wal && wal.records > 0 ? [`WAL: records=${wal.records} fpi=${wal.fullPageImages} bytes=${wal.bytes}`] : []),
    ...(changed.length > 0 ? [`Settings: ${changed.join(', ')}`] : []),
    ...(planningMs === null ? [] : [`Planning Time: ${planningMs.toFixed(3)} ms`]),
    ...triggers.map(({ name, relation, calls }) => `Trigger ${name} on ${relation}: calls=${calls}`),
    ...(executionMs === null ? [] : [`Execution Time: ${executionMs.toFixed(3)} ms`]),
  ]
}

function renderNode(node: PlanNode, indent: number): string[] {
  const pad = ' '.repeat(indent)
  const { subplan, alias, relation, source, startupCost, totalCost, planRows, planWidth } = node
  const from = relation ?? source
  const named = alias !== null && from !== null && from !== alias && !from.endsWith(`.${alias}`) ? ` ${alias}` : ''
  const cost = `(cost=${startupCost.toFixed(2)}..${totalCost.toFixed(2)} rows=${planRows} width=${planWidth})`
  const head = `${nameOf(node)}${named}  ${cost}${actualOf(node)}`
  const at = subplan === null ? indent : indent + 2
  const first = indent === 0 ? head : `${' '.repeat(at)}->  ${head}`
  const below = ' '.repeat(indent === 0 ? 2 : at + 6)
  return [
    ...(subplan === null ? [] : [`${pad}${subplan}`]),
    first,
    ...detailsOf(node).map((line) => `${below}${line}`),
    ...node.children.flatMap((child) => renderNode(child, below.length)),
  ]
}

function actualOf({ actualRows, loops }: PlanNode): string {
  if (actualRows === null || loops === null) return ''
  if (loops === 0) return ' (never executed)'
  const each = actualRows / loops
  return ` (actual rows=${Number.isInteger(each) ? each : each.toFixed(2)} loops=${loops})`
}

function detailsOf(node: PlanNode): string[] {
  const { expressions, removed, sortMethod, diskKb, hashBatches, heapFetches, exactHeapBlocks, lossyHeapBlocks, buffers } = node
  const counted = (label: string, count: number | null): string[] => (count === null ? [] : [`${label}: ${count}`])
  const each = (label: string, count: number): string[] => (count === 0 ? [] : [`${label}: ${Math.round(count / (node.loops || 1))}`])
  return [
    ...Object.entries(expressions).map(([label, text]) => `${label}: ${text}`),
    ...each('Rows Removed by Index Recheck', removed.recheck),
    ...each('Rows Removed by Join Filter', removed.joinFilter),
    ...each('Rows Removed by Filter', removed.filter),
    ...(sortMethod === null ? [] : [`Sort Method: ${sortMethod}`]),
    ...(diskKb === null || diskKb === 0 ? [] : [`Disk: ${diskKb}kB`]),
    ...counted('Batches', hashBatches),
    ...counted('Heap Fetches', heapFetches),
    ...(exactHeapBlocks || lossyHeapBlocks ? [`Heap Blocks: exact=${exactHeapBlocks ?? 0} lossy=${lossyHeapBlocks ?? 0}`] : []),
    ...counted('Subplans Removed', node.subplansRemoved || null),
    ...counted('Workers Planned', node.workersPlanned),
    ...counted('Workers Launched', node.workersLaunched),
    ...(buffers === null ? [] : renderBuffers(buffers)),
  ]
}

function renderBuffers(buffers: Buffers): string[] {
  const part = (name: string, counts: Array<[string, number]>): string[] => {
    const there = counts.filter(([, blocks]) => blocks > 0).map(([label, blocks]) => `${label}=${blocks}`)
    return there.length === 0 ? [] : [`${name} ${there.join(' ')}`]
  }
  const { sharedHit, sharedRead, sharedDirtied, sharedWritten, tempRead, tempWritten } = buffers
  const shared = part('shared', [
    ['hit', sharedHit],
    ['read', sharedRead],
    ['dirtied', sharedDirtied],
    ['written', sharedWritten],
  ])
  const temporary = part('temp', [
    ['read', tempRead],
    ['written', tempWritten],
  ])
  const all = [...shared, ...temporary]
  return all.length === 0 ? [] : [`Buffers: ${all.join(', ')}`]
}
