import { nodesOf, type Plan } from './plan-node.ts'

/** Names, references to other parts of the plan and parameters are kept; strings and numbers are literals. */
const TOKEN =
  /(?<kept>"(?:[^"]|"")*"|\b(?:InitPlan|SubPlan|hashed SubPlan)\s+\d+|\$\d+|[\p{L}_][\p{L}\p{N}_$]*)|'(?:[^']|'')*'|-?\d[\d.]*(?:e[+-]?\d+)?/giu

/**
 * The plan without literals: the planner shows constants that the query does not have, what a function said to be immutable made of rows. Those
 * that stand in the query go as well, since nobody can tell them apart for certain.
 */
export function withoutLiterals(plan: Plan): Plan {
  const copy = structuredClone(plan)
  for (const node of nodesOf(copy.root)) {
    for (const [name, text] of Object.entries(node.expressions)) node.expressions[name] = mask(text)
  }
  return copy
}

function mask(text: string): string {
  return text.replace(TOKEN, (token, ...rest) => {
    const { kept } = rest.at(-1) as { kept?: string }
    return kept ?? (token.startsWith("'") ? "'…'" : '…')
  })
}
