/** What an expression says: the functions it calls, how volatile it is, the constant it is. */
import { IMMUTABLE, STABLE, VOLATILE } from './built-in-volatility.ts'
import { type Names, strings, tableOfPath } from './names.ts'
import type { Node } from './parser.ts'

export type Volatility = 'constant' | 'stable' | 'volatile'

/**
 * Visits every node of the tree under `root`, parents before children and in their order, without recursion: expressions
 * can be thousands deep. Everything that is read passes here, so it makes no garbage.
 */
export function visitNodes(root: unknown, visit: (type: string, node: Node) => void): void {
  if (root === null || typeof root !== 'object') return
  const left: object[] = [root]
  for (let next = left.pop(); next; next = left.pop()) {
    const size = left.length
    for (const key in next) {
      const value = (next as Node)[key]
      // FOR UPDATE OF names aliases, which look like tables.
      if (value === null || typeof value !== 'object' || key === 'lockedRels') continue
      if (isTypeName(key)) visit(key, value)
      left.push(value)
    }
    reverseFrom(left, size)
  }
}

/** Children were pushed in their order and must be popped in it. */
function reverseFrom(list: object[], from: number): void {
  for (let low = from, high = list.length - 1; low < high; low += 1, high -= 1) {
    const kept = list[low] as object
    list[low] = list[high] as object
    list[high] = kept
  }
}

/** The functions an expression calls, lower case, qualified only where written so; with `names`, a nextval or setval as `nextval:schema.sequence`. */
export function callsIn(expression: unknown, names?: Names): string[] {
  const calls: string[] = []
  visitNodes(expression, (type, node) => {
    if (type === 'FuncCall') calls.push(functionName(node) + (names ? sequenceOf(node, names) : ''))
    if (type === 'SQLValueFunction')
      calls.push(
        String(node.op)
          .replace(/^SVFOP_/, '')
          .replace(/_N$/, '')
          .toLowerCase(),
      )
  })
  return calls.length > 1 ? [...new Set(calls)] : calls
}

const DRAWS = new Set(['nextval', 'setval'])

function sequenceOf(call: Node, names: Names): string {
  const sequence = DRAWS.has(functionName(call)) ? constantOf(call.args?.[0]) : undefined
  if (sequence === undefined) return ''
  const path = sequence.split('.').map((part) => (part.startsWith('"') ? part.slice(1, -1) : part.toLowerCase()))
  return `:${tableOfPath(path, names).key}`
}

export function functionName(call: Node): string {
  const path = strings(call.funcname)
  return (path[0] === 'pg_catalog' ? path.slice(1) : path).join('.').toLowerCase()
}

/** The least stable thing an expression calls. A function that is not Postgres's own counts as volatile. */
export function volatilityOf(expression: unknown): Volatility {
  let worst: Volatility = 'constant'
  visitNodes(expression, (type, node) => {
    const one = type === 'SQLValueFunction' ? 'stable' : type === 'FuncCall' ? volatilityOfCall(functionName(node)) : 'constant'
    if (one === 'volatile' || (one === 'stable' && worst === 'constant')) worst = one
  })
  return worst
}

function volatilityOfCall(name: string): Volatility {
  if (VOLATILE.has(name)) return 'volatile'
  if (STABLE.has(name)) return 'stable'
  return IMMUTABLE.has(name) ? 'constant' : 'volatile'
}

/** The text of a literal, a cast looked through: `'2s'`, `5`, `true`; undefined for anything else, NULL included. */
export function constantOf(expression: Node | undefined): string | undefined {
  const inner = uncast(expression)
  const constant = inner?.A_Const
  if (!constant || constant.isnull) return undefined
  if (constant.sval) return constant.sval.sval ?? ''
  if (constant.ival) return String(constant.ival.ival ?? 0)
  if (constant.fval) return constant.fval.fval
  if (constant.boolval) return String(constant.boolval.boolval ?? false)
  return constant.bsval?.bsval
}

export function isNull(expression: Node | undefined): boolean {
  return uncast(expression)?.A_Const?.isnull === true
}

function uncast(expression: Node | undefined): Node | undefined {
  let inner = expression
  while (inner?.TypeCast) inner = inner.TypeCast.arg
  return inner
}

/** Node types begin with a capital; fields never do. */
function isTypeName(key: string): boolean {
  const code = key.charCodeAt(0)
  return code >= 65 && code <= 90
}
