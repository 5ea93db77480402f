/** Reads the conditions and keys that EXPLAIN (VERBOSE) prints: SQL that Postgres itself wrote, in which every column has the alias of its relation. */
import { quoteIdentifier } from '../identifier.ts'
import { typeOf } from './column-types.ts'
import { strings } from './names.ts'
import { type Node, parseSql } from './parser.ts'

/** A column, or an expression over columns of one relation, that an index could have as a key. */
export interface IndexableKey {
  alias: string
  /** As a key of CREATE INDEX, without the alias: `"createdAt"`, `lower(email)`. */
  sql: string
  columns: string[]
  isExpression: boolean
  /** Literals in it, without quotes. */
  literals: string[]
}

export type Comparison = 'equal' | 'any' | 'range' | 'null' | 'not null' | 'true' | 'false' | 'prefix' | 'pattern' | 'operator'

/** One comparison, turned so that the key stands on the left. */
export interface PlanCondition {
  keys: IndexableKey[]
  comparison: Comparison
  /** `@>`; `=` for `equal` and `any`. */
  operator: string
  /** Alias of the relation it is compared to; null where it is a constant, a parameter or nothing. */
  other: string | null
  /** The whole as the predicate of an index, where it is compared to literals alone: `status = 'open'`. */
  predicate: string | null
  /** Literals of the predicate, without quotes. */
  literals: string[]
  /** It is one arm of an OR. */
  isArm: boolean
}

export interface SortKey {
  key: IndexableKey
  isDescending: boolean
  nullsFirst: boolean
}

/** `(InitPlan 1).col1` and `(SubPlan 2)` are no SQL; they stand for a value. Not in what is quoted, nor in `price$2`, a name. */
const REFERENCES =
  /('(?:[^']|'')*'|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*)|\((?:hashed |rescan )?(?:InitPlan|SubPlan) \d+\)(?:\.col\d+)?|\$\d+/gu

function withoutReferences(text: string): string {
  return text.replace(REFERENCES, (_all, kept: string | undefined) => kept ?? '$1')
}

/** The comparisons of a `Filter`, `Index Cond`, `Hash Cond` and the like. What cannot be read is left out. `loadParser` was awaited. */
export function readConditions(text: string): PlanCondition[] {
  const where = selectOf(`select where ${withoutReferences(text)}`)?.whereClause as Node | undefined
  return where ? conditionsOf(where, false) : []
}

/** The keys of a `Sort Key` or `Group Key`, up to the first that is none of one relation. */
export function readSortKeys(text: string): SortKey[] {
  const clause = (selectOf(`select order by ${withoutReferences(text)}`)?.sortClause ?? []) as Node[]
  const keys: SortKey[] = []
  for (const { SortBy: sort } of clause) {
    const key = keyOf(sort?.node)
    if (!key) break
    const isDescending = sort.sortby_dir === 'SORTBY_DESC'
    const nulls = sort.sortby_nulls
    keys.push({ key, isDescending, nullsFirst: nulls === 'SORTBY_NULLS_FIRST' || (isDescending && nulls !== 'SORTBY_NULLS_LAST') })
  }
  return keys
}

function selectOf(sql: string): Node | undefined {
  const parsed = parseSql(sql)
  return 'error' in parsed || parsed.statements.length !== 1 ? undefined : parsed.statements[0]?.node.SelectStmt
}

function conditionsOf(node: Node, isArm: boolean): PlanCondition[] {
  const { BoolExpr: bool } = node
  if (bool?.boolop === 'AND_EXPR') return (bool.args as Node[]).flatMap((one) => conditionsOf(one, isArm))
  if (bool?.boolop === 'OR_EXPR') return (bool.args as Node[]).flatMap((one) => conditionsOf(one, true))
  if (bool?.boolop === 'NOT_EXPR') return truthOf(bool.args[0], 'false', isArm)
  if (node.NullTest) {
    const key = keyOf(node.NullTest.arg)
    const comparison = node.NullTest.nulltesttype === 'IS_NULL' ? 'null' : 'not null'
    return key ? [conditionOf([key], comparison, '', `${key.sql} is ${comparison}`, key.literals, isArm)] : []
  }
  if (node.BooleanTest) {
    const test = { IS_TRUE: 'true', IS_NOT_FALSE: undefined, IS_FALSE: 'false' }[String(node.BooleanTest.booltesttype)]
    return test ? truthOf(node.BooleanTest.arg, test as Comparison, isArm) : []
  }
  if (node.A_Expr) return comparisonsOf(node.A_Expr, isArm)
  return truthOf(node, 'true', isArm)
}

/** A boolean that stands alone. */
function truthOf(node: Node, comparison: Comparison, isArm: boolean): PlanCondition[] {
  const key = node.ColumnRef ? keyOf(node) : undefined
  return key ? [conditionOf([key], comparison, '', comparison === 'true' ? key.sql : `not ${key.sql}`, [], isArm)] : []
}

function conditionOf(
  keys: IndexableKey[],
  comparison: Comparison,
  operator: string,
  predicate: string | null,
  literals: string[],
  isArm: boolean,
): PlanCondition {
  return { keys, comparison, operator, other: null, predicate, literals, isArm }
}

const MIRRORED: Record<string, string> = {
  '=': '=',
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
  '@>': '<@',
  '<@': '@>',
  '&&': '&&',
  '@@': '@@',
}

function comparisonsOf(expression: Node, isArm: boolean): PlanCondition[] {
  const operator = strings(expression.name).at(-1) ?? ''
  const any = expression.kind === 'AEXPR_OP_ANY'
  if (expression.kind !== 'AEXPR_OP' && !any) return []
  const [left, right] = [expression.lexpr as Node | undefined, expression.rexpr as Node | undefined]
  if (!left || !right) return []
  const forward = compared(left, operator, right, any, isArm)
  const mirrored = any ? undefined : MIRRORED[operator]
  return [...forward, ...(mirrored === undefined ? [] : compared(right, mirrored, left, false, isArm))]
}

function compared(left: Node, operator: string, right: Node, any: boolean, isArm: boolean): PlanCondition[] {
  const rows = left.RowExpr?.args as Node[] | undefined
  const keys = (rows ?? [left]).map(keyOf)
  if (keys.some((key) => key === undefined)) return []
  const own = keys as IndexableKey[]
  const [first] = own
  if (!first || own.some(({ alias }) => alias !== first.alias)) return []
  const there = write(right)
  const others = new Set(there?.aliases ?? aliasesIn(right))
  if (others.has(first.alias) || others.size > 1) return []
  const comparison = comparisonOf(operator, any, right)
  if (!comparison) return []
  const literals = [...first.literals, ...(there?.literals ?? [])]
  const isLiteral = there !== undefined && others.size === 0 && !there.hasParameter && !rows
  const value = isLiteral ? there.sql : ''
  const predicate = isLiteral ? `${first.sql} ${operator} ${any ? `any (${value})` : value}` : null
  return [{ ...conditionOf(own, comparison, operator, predicate, literals, isArm), other: [...others][0] ?? null }]
}

const RANGES = new Set(['<', '<=', '>', '>='])
const PATTERNS = new Set(['~~', '~~*', '~', '~*'])
const CONTAINMENT = new Set(['@>', '<@', '&&', '@@', '?', '?|', '?&', '@?'])

function comparisonOf(operator: string, any: boolean, right: Node): Comparison | undefined {
  if (operator === '=') return any ? 'any' : 'equal'
  if (any) return undefined
  if (RANGES.has(operator)) return 'range'
  if (CONTAINMENT.has(operator)) return 'operator'
  if (!PATTERNS.has(operator)) return undefined
  const pattern = constantText(right)
  const prefix = operator === '~~' ? /^[^%_\\]/ : operator === '~' ? /^\^[\w ]/ : /^$/
  return pattern !== undefined && prefix.test(pattern) ? 'prefix' : 'pattern'
}

function constantText(node: Node): string | undefined {
  return node.TypeCast ? constantText(node.TypeCast.arg) : node.A_Const?.sval?.sval
}

const STRING_TYPES = new Set(['text', 'varchar', 'bpchar'])

/** A column as it is, also when it is only called text; or an expression over columns of one relation. */
function keyOf(node: Node | undefined): IndexableKey | undefined {
  if (!node) return undefined
  const cast = node.TypeCast
  if (cast?.arg?.ColumnRef && STRING_TYPES.has(strings(cast.typeName?.names).at(-1) ?? '')) return keyOf(cast.arg)
  const written = write(node)
  if (written?.aliases.size !== 1 || written.hasParameter) return undefined
  const [alias = ''] = written.aliases
  const isExpression = node.ColumnRef === undefined
  const sql = node.TypeCast || node.A_Const ? `(${written.sql})` : written.sql
  return { alias, sql, columns: [...written.columns], isExpression, literals: written.literals }
}

interface Written {
  sql: string
  aliases: Set<string>
  columns: Set<string>
  literals: string[]
  hasParameter: boolean
}

/** Writes an expression without aliases; undefined for what no index would have. */
function write(root: Node): Written | undefined {
  const seen: Seen = { aliases: new Set(), columns: new Set(), literals: [], hasParameter: false }
  const sql = writeNode(root, seen, 0)
  return sql === undefined ? undefined : { ...seen, sql }
}

const DEEPEST = 20

type Seen = Omit<Written, 'sql'>
type Inner = (node: Node) => string | undefined

function writeNode(node: Node, seen: Seen, depth: number): string | undefined {
  if (depth > DEEPEST) return undefined
  const [kind = ''] = Object.keys(node)
  return WRITERS[kind]?.(node[kind], (one) => writeNode(one, seen, depth + 1), seen)
}

function writeAll(list: Node[] | undefined, inner: Inner): string | undefined {
  const parts = (list ?? []).map(inner)
  return parts.includes(undefined) ? undefined : parts.join(', ')
}

/** What stands around a list; undefined when one of it cannot be written. */
function around(before: string, list: string | undefined, after: string): string | undefined {
  return list === undefined ? undefined : before + list + after
}

const WRITERS: Record<string, (node: Node, inner: Inner, seen: Seen) => string | undefined> = {
  ColumnRef({ fields }, _inner, seen) {
    const path = strings(fields)
    const [alias, column] = path
    if (path.length !== 2 || alias === undefined || !column) return undefined
    seen.aliases.add(alias)
    seen.columns.add(column)
    return quoteIdentifier(column)
  },
  A_Const: (constant, _inner, seen) => writeConstant(constant, seen),
  ParamRef(_parameter, _inner, seen) {
    seen.hasParameter = true
    return '$1'
  },
  TypeCast({ arg, typeName }, inner) {
    const { fullType } = typeOf(typeName)
    return fullType === undefined ? undefined : around(arg.A_Const ? '' : '(', inner(arg), arg.A_Const ? `::${fullType}` : `)::${fullType}`)
  },
  FuncCall({ funcname, args, agg_star, agg_distinct, over }, inner) {
    const isPlain = !agg_star && !agg_distinct && !over
    return isPlain ? around(`${strings(funcname).map(quoteIdentifier).join('.')}(`, writeAll(args, inner), ')') : undefined
  },
  CoalesceExpr: ({ args }, inner) => around('coalesce(', writeAll(args, inner), ')'),
  /** `(home).city`; a subscript is none of these. */
  A_Indirection({ arg, indirection }, inner) {
    const fields = strings(indirection)
    const isPlain = fields.length > 0 && fields.every((field) => field !== '')
    return isPlain ? around('((', inner(arg), `).${fields.map(quoteIdentifier).join('.')})`) : undefined
  },
  A_ArrayExpr: ({ elements }, inner) => around('array[', writeAll(elements, inner), ']'),
  A_Expr({ kind, name, lexpr, rexpr }, inner) {
    if (kind !== 'AEXPR_OP' || name?.length !== 1 || !lexpr) return undefined
    const [left, right] = [inner(lexpr), inner(rexpr)]
    return left === undefined ? undefined : around(`(${left} ${strings(name)[0]} `, right, ')')
  },
}

function writeConstant(constant: Node, seen: Seen): string | undefined {
  if (constant.sval) {
    const text = String(constant.sval.sval ?? '')
    seen.literals.push(text)
    return text.includes('\\') ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`
  }
  if (constant.ival || constant.fval) {
    const digits = constant.ival ? String(constant.ival.ival ?? 0) : String(constant.fval.fval)
    seen.literals.push(digits.replace(/^-/, ''))
    return digits
  }
  return constant.boolval ? String(constant.boolval.boolval ?? false) : undefined
}

/** Aliases under a node that cannot be written. */
function aliasesIn(node: Node): Set<string> {
  const aliases = new Set<string>()
  const left: unknown[] = [node]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next === null || typeof next !== 'object') continue
    const column = (next as Node).ColumnRef
    if (column) aliases.add(strings(column.fields)[0] ?? '')
    left.push(...Object.values(next))
  }
  return aliases
}
