/** What a query reads and compares. */
import type { Draft } from './draft.ts'
import { constantOf, functionName, visitNodes } from './expressions.ts'
import { type Names, strings, tableOf } from './names.ts'
import type { Node } from './parser.ts'

/** Keys of the tables read anywhere under the node, each once; common table expressions are none. */
export function tablesRead(query: unknown, names: Names): string[] {
  const expressions = new Set<string>()
  const keys = new Set<string>()
  const ranges: Node[] = []
  visitNodes(query, (type, node) => {
    if (type === 'CommonTableExpr') expressions.add(node.ctename)
    if (type === 'RangeVar') ranges.push(node)
  })
  for (const range of ranges) if (range.schemaname !== undefined || !expressions.has(range.relname)) keys.add(tableOf(range, names).key)
  return [...keys]
}

/** Keys of the tables its INSERTs, UPDATEs, DELETEs and MERGEs write to. */
export function tablesWritten(statement: unknown, names: Names): string[] {
  const keys = new Set<string>()
  visitNodes(statement, (type, node) => {
    if (WRITES.has(type)) keys.add(tableOf(node.relation, names).key)
  })
  return [...keys]
}

/** Keys of those read with ONLY, without their children. */
export function tablesReadAlone(query: unknown, names: Names): string[] {
  const keys = new Set<string>()
  visitNodes(query, (type, node) => {
    if (type === 'RangeVar' && node.inh !== true) keys.add(tableOf(node, names).key)
  })
  return [...keys]
}

/** Does the outermost query select `*` or `t.*`? */
export function selectsStar(query: Node | undefined): boolean {
  const left: Array<Node | undefined> = [query?.SelectStmt ?? query]
  for (let select = left.pop(); select; select = left.pop()) {
    if (select.larg) left.push(select.rarg, select.larg)
    else if ((select.targetList ?? []).some((one: Node) => one.ResTarget?.val?.ColumnRef?.fields?.at(-1)?.A_Star !== undefined)) return true
  }
  return false
}

const OPERATORS: Record<string, string> = { '~~': 'like', '!~~': 'not like', '~~*': 'ilike', '!~~*': 'not ilike' }
/** Operators that compute instead of comparing. */
const ARITHMETIC = new Set([
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '||',
  '|',
  '&',
  '#',
  '<<',
  '>>',
  '->',
  '->>',
  '#>',
  '#>>',
  '#-',
  '~',
  '@',
  '|/',
  '||/',
  '!!',
])

/** Every comparison under the node, with the constant it compares to if there is one. */
export function comparisons(query: unknown, names: Names): Draft[] {
  const tables = new Map<string, string>()
  const expressions = new Set<string>()
  const drafts: Draft[] = []
  const negated = new Set<Node>()
  visitNodes(query, (type, node) => {
    if (type === 'CommonTableExpr') expressions.add(node.ctename)
    // The target of a write is a RangeVar too, though not marked as one.
    const range = type === 'RangeVar' ? node : WRITES.has(type) ? node.relation : undefined
    if (range) tables.set(range.alias?.aliasname ?? range.relname, tableOf(range, names).key)
    if (type === 'BoolExpr' && node.boolop === 'NOT_EXPR' && node.args?.[0]?.SubLink) negated.add(node.args[0].SubLink)
    const compared = comparedBy(type, node, negated)
    if (compared) drafts.push({ action: 'compare', ...compared })
  })
  for (const name of expressions) tables.delete(name)
  for (const draft of drafts) locate(draft, tables)
  return drafts
}

const WRITES = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'])

type Compared = Omit<Draft, 'action'>

function comparedBy(type: string, node: Node, negated: ReadonlySet<Node>): Compared | undefined {
  if (type === 'A_Expr') {
    const operator = operatorOf(node)
    return operator ? { operator, ...sidesOf(node) } : undefined
  }
  if (type === 'NullTest') return { operator: node.nulltesttype === 'IS_NULL' ? 'is null' : 'is not null', ...columnWords(node.arg) }
  if (type === 'SubLink' && node.subLinkType === 'ANY_SUBLINK') {
    const operator = node.operName ? `${strings(node.operName).at(-1)} any` : 'in'
    return { operator: negated.has(node) ? `not ${operator}` : operator, ...columnWords(node.testexpr), subquery: true }
  }
  return undefined
}

function operatorOf(node: Node): string | undefined {
  const name = strings(node.name).at(-1) ?? ''
  switch (node.kind) {
    case 'AEXPR_OP':
      return ARITHMETIC.has(name) && !(name === '~' && node.lexpr) ? undefined : name
    case 'AEXPR_OP_ANY':
      return `${OPERATORS[name] ?? name} any`
    case 'AEXPR_OP_ALL':
      return `${OPERATORS[name] ?? name} all`
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return OPERATORS[name] ?? name
    case 'AEXPR_SIMILAR':
      return name.startsWith('!') ? 'not similar to' : 'similar to'
    case 'AEXPR_IN':
      return name === '<>' ? 'not in' : 'in'
    case 'AEXPR_DISTINCT':
      return 'is distinct from'
    case 'AEXPR_NOT_DISTINCT':
      return 'is not distinct from'
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return name.toLowerCase()
    default:
      return undefined
  }
}

/** The column of a comparison is the side that has one, the constant the other. */
function sidesOf(node: Node): Compared {
  const left = columnWords(node.lexpr)
  const [column, other] = left.column ? [left, node.rexpr] : [columnWords(node.rexpr), node.lexpr]
  const constant = constantOf(other)
  return { ...column, ...(constant !== undefined && { constant }) }
}

/** The one column a side of a comparison is about, and what it is wrapped in. */
function columnWords(side: Node | undefined): Compared {
  const direct = side?.ColumnRef
  if (direct) return referenceWords(direct)
  const references: Node[] = []
  let query = false
  visitNodes(side, (type, node) => {
    if (type === 'SubLink') query = true
    if (type === 'ColumnRef') references.push(node)
  })
  const [only] = references
  return only && references.length === 1 && !query ? { ...referenceWords(only), wrapped: wrapperOf(side as Node) } : {}
}

function wrapperOf(side: Node): string {
  if (side.FuncCall) return functionName(side.FuncCall)
  return side.TypeCast ? 'cast' : 'expression'
}

function referenceWords(reference: Node): Compared {
  const path = strings(reference.fields)
  const name = path.at(-1)
  if (!name) return {}
  return { column: { name }, ...(path.length > 1 && { qualifier: path.at(-2) }) }
}

/** Finds the table of a comparison's column: by its qualifier, or because there is only one. */
function locate(draft: Draft, tables: Map<string, string>): void {
  const key =
    draft.qualifier === undefined ? (tables.size === 1 ? [...tables.values()][0] : undefined) : tables.get(String(draft.qualifier))
  delete draft.qualifier
  if (key === undefined || !draft.column) return
  const dot = key.indexOf('.')
  draft.table = { schema: key.slice(0, dot), name: key.slice(dot + 1), key, new: false }
}
