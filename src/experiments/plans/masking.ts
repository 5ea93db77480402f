import { nodesOf, type Plan, type PlanNode } from './plan-node.ts'

/** Literals in the conditions of a plan; numbers of names (`$1`, `t1.c2`) are none. */
const STRING = /'(?:[^']|'')*'/g
const NUMBER = /(?<![\w$.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])/gi

/**
 * The plan without literals: the planner may show constants that the query did not have, computed from rows. Those that stand in the query stay
 * unknown as well, since nobody can tell them apart for certain.
 */
export function withoutLiterals(plan: Plan): Plan {
  const copy = structuredClone(plan)
  for (const node of nodesOf(copy.root)) maskNode(node)
  return copy
}

function maskNode(node: PlanNode): void {
  node.condition = mask(node.condition)
  node.filter = mask(node.filter)
  node.sortKey = node.sortKey.map((key) => mask(key) ?? '')
}

function mask(text: string | null): string | null {
  return text === null ? null : text.replace(STRING, "'…'").replace(NUMBER, '…')
}
