/** Statements about rows. */
import type { Draft, Command, Reading } from './draft.ts'
import { constantOf, functionName, isNull, nodesIn } from './expressions.ts'
import { createdTableOf, strings, tableOf, tableOfKey } from './names.ts'
import type { Node } from './parser.ts'
import { comparisons, selectsStar, tablesRead } from './queries.ts'
import { persistenceOf } from './tables.ts'
import { settingFromCall } from './settings.ts'

export function readSelect(node: Node, reading: Reading): Command {
  const { names } = reading
  const from = tablesRead(node, names)
  const words = {
    star: selectsStar(node),
    limit: node.limitCount !== undefined && !isNull(node.limitCount),
    orderBy: node.sortClause !== undefined,
    forUpdate: node.lockingClause !== undefined,
    from,
  }
  if (node.intoClause) {
    const { rel } = node.intoClause
    const draft = { action: 'create table as', table: createdTableOf(rel, names), guarded: false, withData: true, star: words.star, from, persistence: persistenceOf(rel) }
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
    columnNames: (node.cols ?? []).map((one: Node) => one.ResTarget.name),
    ...(rows ? { values: rows.length } : !node.selectStmt && { values: 1 }),
    onConflict: node.onConflictClause !== undefined,
    from: tablesRead([node.selectStmt, node.withClause, node.returningClause], names),
  }
  return { kind: 'insert', drafts: [insert, ...writesIn(node.withClause, reading), ...comparisons(node, names)] }
}

export function readUpdate(node: Node, reading: Reading): Command {
  const { names } = reading
  const update = {
    action: 'update',
    table: tableOf(node.relation, names),
    sets: (node.targetList ?? []).map((one: Node) => one.ResTarget.name),
    ...filterWords(node),
    from: tablesRead([node.fromClause, node.whereClause, node.targetList, node.withClause, node.returningClause], names),
  }
  return { kind: 'update', drafts: [update, ...writesIn(node.withClause, reading), ...comparisons({ UpdateStmt: node, RangeVar: node.relation }, names)] }
}

export function readDelete(node: Node, reading: Reading): Command {
  const { names } = reading
  const removal = {
    action: 'delete',
    table: tableOf(node.relation, names),
    ...filterWords(node),
    from: tablesRead([node.usingClause, node.whereClause, node.withClause, node.returningClause], names),
  }
  return { kind: 'delete', drafts: [removal, ...writesIn(node.withClause, reading), ...comparisons({ DeleteStmt: node, RangeVar: node.relation }, names)] }
}

export function readMerge(node: Node, reading: Reading): Command {
  const { names } = reading
  const merge = { action: 'merge', table: tableOf(node.relation, names), from: tablesRead([node.sourceRelation, node.withClause, node.mergeWhenClauses], names) }
  return { kind: 'merge', drafts: [merge, ...writesIn(node.withClause, reading), ...comparisons(node, names)] }
}

export function readCopy(node: Node, reading: Reading): Command {
  const { names } = reading
  const copy = {
    action: 'copy',
    program: node.is_program === true,
    to: node.is_from !== true,
    stdin: node.is_from === true && node.filename === undefined,
    ...(node.relation && { table: tableOf(node.relation, names) }),
    from: node.query ? tablesRead(node.query, names) : [],
  }
  return { kind: 'copy', drafts: [copy, ...writesIn(node.query, reading)] }
}

export function readCall(node: Node): Command {
  return { kind: 'call', drafts: [{ action: 'call', function: functionName(node.funccall) }] }
}

/** INSERT, UPDATE, DELETE and MERGE inside WITH are operations of their own. */
function writesIn(root: unknown, reading: Reading): Draft[] {
  const drafts: Draft[] = []
  for (const [type, node] of nodesIn(root)) {
    const read = type === 'CommonTableExpr' ? WRITERS[Object.keys(node.ctequery ?? {})[0] ?? ''] : undefined
    if (read) drafts.push(...read(Object.values(node.ctequery)[0] as Node, reading).drafts.filter((one) => one.action !== 'compare'))
  }
  return drafts
}

const WRITERS: Record<string, (node: Node, reading: Reading) => Command> = {
  InsertStmt: readInsert, UpdateStmt: readUpdate, DeleteStmt: readDelete, MergeStmt: readMerge,
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

function filterWords(node: Node): { where: boolean; nullFilter: boolean; column?: { name: string } } {
  const test: Node | undefined = node.whereClause?.NullTest
  const name = test && strings(test.arg?.ColumnRef?.fields).at(-1)
  const always = constantOf(node.whereClause) === 'true'
  return { where: node.whereClause !== undefined && !always, nullFilter: test !== undefined, ...(name && { column: { name } }) }
}
