import type { Plan, PlanNode } from './plan-node.ts'

/** Lines like psql's. */
export function renderPlan(plan: Plan): string[] {
  const lines = renderNode(plan.root, 0)
  const { buffers, walBytes, settings } = plan
  const changed = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  return [
    ...lines,
    ...(buffers
      ? [
          `Buffers: shared hit=${buffers.sharedHit} read=${buffers.sharedRead} dirtied=${buffers.sharedDirtied}, temp written=${buffers.tempWritten}`,
        ]
      : []),
    ...(walBytes ? [`WAL: ${walBytes} bytes`] : []),
    ...(changed.length > 0 ? [`Settings: ${changed.join(', ')}`] : []),
  ]
}

function renderNode(node: PlanNode, depth: number): string[] {
  const indent = depth === 0 ? '' : `${'      '.repeat(depth - 1)}  ->  `
  const more = depth === 0 ? '  ' : `${'      '.repeat(depth)}  `
  const name = [node.type, node.index === null ? '' : ` using ${node.index}`, node.relation === null ? '' : ` on ${node.relation}`].join('')
  const actual = node.actualRows === null ? '' : ` (actual rows=${node.actualRows} loops=${node.loops})`
  return [
    `${indent}${name}  (cost=${node.totalCost.toFixed(2)} rows=${node.planRows})${actual}`,
    ...(node.sortKey.length > 0 ? [`${more}Sort Key: ${node.sortKey.join(', ')}`] : []),
    ...(node.condition === null ? [] : [`${more}Cond: ${node.condition}`]),
    ...(node.filter === null ? [] : [`${more}Filter: ${node.filter}`]),
    ...(node.removedByFilter > 0 ? [`${more}Rows Removed: ${node.removedByFilter}`] : []),
    ...node.children.flatMap((child) => renderNode(child, depth + 1)),
  ]
}
