/** Statements about rows. */
import type { Command, Draft, Reading } from './draft.ts'
import { callsIn, constantOf, functionName, isNull, visitNodes } from './expressions.ts'
import { createdTableOf, type Names, strings, tableOf, tableOfKey } from './names.ts'
import type { Node } from './parser.ts'
import { comparisons, selectsStar, tablesRead, tablesReadAlone } from './queries.ts'
import { settingFromCall } from './settings.ts'
import { persistenceOf } from './tables.ts'

export function readSelect(node: Node, reading: Reading): Command {
  const { names } = reading
  const from = tablesRead(node, names)
  const calls = callsIn(node, names)
  const words = {
    star: selectsStar(node),
    limit: node.limitCount !== undefined && !isNull(node.limitCount),
    orderBy: node.sortClause !== undefined,
    forUpdate: node.lockingClause !== undefined,
    locked: lockedBy(node, names),
    readsOnly: tablesReadAlone(node, names),
    from,
    reads: from,
    calls,
  }
  if (node.intoClause) {
    const { rel } = node.intoClause
    const draft = {
      action: 'create table as',
      table: createdTableOf(rel, names),
      guarded: false,
      withData: true,
      star: words.star,
      reads: from,
      calls,
      persistence: persistenceOf(rel),
    }
    return { kind: 'select into', drafts: [draft] }
  }
  const select: Draft = { action: 'select', ...words, ...(from.length === 1 && { table: tableOfKey(from[0] as string) }) }
  return { kind: 'select', drafts: [select, ...settingCalls(node, reading), ...writesIn(node, reading), ...comparisons(node, names)] }
}

export function readInsert(node: Node, reading: Reading): Command {
  const { names } = reading
  const rows: Node[] | undefined = node.selectStmt?.SelectStmt?.valuesLists
  const insert = {
    action: 'insert',
    table: tableOf(node.relation, names),
    columns: node.cols !== undefined,
    into: (node.cols ?? []).map((one: Node) => one.ResTarget.name),
    ...(rows ? { values: rows.length } : !node.selectStmt && { values: 1 }),
    onConflict: node.onConflictClause !== undefined,
    conflictTarget: node.onConflictClause?.infer !== undefined,
    ...queryWords([node.selectStmt, node.withClause, node.onConflictClause, node.returningClause], names),
  }
  return { kind: 'insert', drafts: [insert, ...writesIn(node.withClause, reading), ...comparisons({ InsertStmt: node }, names)] }
}

export function readUpdate(node: Node, reading: Reading): Command {
  const { names } = reading
  const update = {
    action: 'update',
    table: tableOf(node.relation, names),
    only: node.relation.inh !== true,
    sets: columnsSet(node.targetList),
    ...filterWords(node),
    ...queryWords([node.fromClause, node.whereClause, node.targetList, node.withClause, node.returningClause], names),
  }
  return { kind: 'update', drafts: [update, ...writesIn(node.withClause, reading), ...comparisons({ UpdateStmt: node }, names)] }
}

export function readDelete(node: Node, reading: Reading): Command {
  const { names } = reading
  const removal = {
    action: 'delete',
    table: tableOf(node.relation, names),
    only: node.relation.inh !== true,
    ...filterWords(node),
    ...queryWords([node.usingClause, node.whereClause, node.withClause, node.returningClause], names),
  }
  return { kind: 'delete', drafts: [removal, ...writesIn(node.withClause, reading), ...comparisons({ DeleteStmt: node }, names)] }
}

export function readMerge(node: Node, reading: Reading): Command {
  const { names } = reading
  const clauses: Node[] = (node.mergeWhenClauses ?? []).map((one: Node) => one.MergeWhenClause)
  const merge = {
    action: 'merge',
    table: tableOf(node.relation, names),
    does: [...new Set(clauses.flatMap((one) => MERGE_ACTIONS[one.commandType] ?? []))],
    sets: clauses.filter((one) => one.commandType === 'CMD_UPDATE').flatMap((one) => columnsSet(one.targetList)),
    ...queryWords([node.sourceRelation, node.joinCondition, node.withClause, node.mergeWhenClauses], names),
  }
  return { kind: 'merge', drafts: [merge, ...writesIn(node.withClause, reading), ...comparisons({ MergeStmt: node }, names)] }
}

export function readCopy(node: Node, reading: Reading): Command {
  const { names } = reading
  const copy = {
    action: 'copy',
    program: node.is_program === true,
    to: node.is_from !== true,
    stdin: node.is_from === true && node.filename === undefined,
    ...(node.relation && { table: tableOf(node.relation, names) }),
    into: strings(node.attlist),
    ...(node.query ? queryWords(node.query, names) : {}),
  }
  return { kind: 'copy', drafts: [copy, ...writesIn(node.query, reading)] }
}

const MERGE_ACTIONS: Record<string, string> = { CMD_INSERT: 'insert', CMD_UPDATE: 'update', CMD_DELETE: 'delete' }

function columnsSet(targets: Node[] | undefined): string[] {
  return (targets ?? []).map((one) => one.ResTarget.name)
}

/** What the expressions and subqueries of a statement read and call. */
function queryWords(query: unknown, names: Names): { reads: string[]; calls: string[] } {
  return { reads: tablesRead(query, names), calls: callsIn(query, names) }
}

/** Tables a FOR UPDATE or its kin locks rows of: those it names, or all of its FROM. */
function lockedBy(select: Node, names: Names): string[] {
  const tables = new Map<string, string>()
  if (!select.lockingClause) return []
  visitNodes(select.fromClause, (type, node) => {
    if (type === 'RangeVar') tables.set(node.alias?.aliasname ?? node.relname, tableOf(node, names).key)
  })
  const named = (select.lockingClause ?? []).map((one: Node) => one.LockingClause.lockedRels as Node[] | undefined)
  const all = named.some((one: Node[] | undefined) => one === undefined)
  const keys = all
    ? [...tables.values()]
    : named.flatMap((one: Node[]) => one.flatMap((range) => tables.get(range.RangeVar?.relname) ?? []))
  return [...new Set<string>(keys)]
}

export function readCall(node: Node, { names }: Reading): Command {
  return { kind: 'call', drafts: [{ action: 'call', function: functionName(node.funccall), calls: callsIn(node, names) }] }
}

/** INSERT, UPDATE, DELETE and MERGE inside WITH are operations of their own. */
function writesIn(root: unknown, reading: Reading): Draft[] {
  const drafts: Draft[] = []
  visitNodes(root, (type, node) => {
    const read = type === 'CommonTableExpr' ? WRITERS[Object.keys(node.ctequery ?? {})[0] ?? ''] : undefined
    if (read) drafts.push(...read(Object.values(node.ctequery)[0] as Node, reading).drafts.filter((one) => one.action !== 'compare'))
  })
  return drafts
}

const WRITERS: Record<string, (node: Node, reading: Reading) => Command> = {
  InsertStmt: readInsert,
  UpdateStmt: readUpdate,
  DeleteStmt: readDelete,
  MergeStmt: readMerge,
}

/** `select set_config('lock_timeout', '2s', false)` sets like SET does. */
function settingCalls(node: Node, { source }: Reading): Draft[] {
  const drafts: Draft[] = []
  for (const target of node.targetList ?? []) {
    const call = target.ResTarget?.val?.FuncCall
    if (call && functionName(call) === 'set_config') drafts.push(...settingFromCall(call, source))
  }
  return drafts
}

/** `1 = 1`, which people write where a WHERE is asked for. */
function isTautology(comparison: Node | undefined): boolean {
  if (comparison?.kind !== 'AEXPR_OP' || strings(comparison.name).at(-1) !== '=') return false
  const left = constantOf(comparison.lexpr)
  return left !== undefined && left === constantOf(comparison.rexpr)
}

function filterWords(node: Node): { where: boolean; nullFilter: boolean; column?: { name: string } } {
  const test: Node | undefined = node.whereClause?.NullTest
  const name = test && strings(test.arg?.ColumnRef?.fields).at(-1)
  const always = constantOf(node.whereClause) === 'true' || isTautology(node.whereClause?.A_Expr)
  return { where: node.whereClause !== undefined && !always, nullFilter: test !== undefined, ...(name && { column: { name } }) }
}
