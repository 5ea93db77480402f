/** CREATE TABLE in its forms, and the commands that take a list of tables. */
import type { TableWords } from '../operation.ts'
import { LOCK_WORDS } from '../operation.ts'
import { columnDrafts } from './columns.ts'
import { constraintType, constraintWords } from './constraints.ts'
import { type Command, type Draft, type Reading, single } from './draft.ts'
import { callsIn } from './expressions.ts'
import { createdTableOf, keyOfPath, strings, tableOf } from './names.ts'
import type { Node } from './parser.ts'
import { boundsAt, throughParenthesis } from './source.ts'

const PERSISTENCES: Record<string, string> = { t: 'temporary', u: 'unlogged', p: 'permanent' }

export function persistenceOf(range: Node): string {
  return PERSISTENCES[range.relpersistence] ?? 'permanent'
}

export function readCreateTable(node: Node, reading: Reading, kind = 'create table'): Command {
  const table = createdTableOf(node.relation, reading.names)
  const elements: Node[] = node.tableElts ?? []
  const constraints: Node[] = elements.flatMap((one) => (one.Constraint ? [one.Constraint] : []))
  const definitions: Node[] = elements.flatMap((one) => (one.ColumnDef ? [one.ColumnDef] : []))
  const mandatory = new Set(
    constraints.filter((one) => ['primary key', 'not null'].includes(constraintType(one) ?? '')).flatMap((one) => strings(one.keys)),
  )
  const columns = definitions.flatMap((one) => columnDrafts('define column', table, one, reading))
  for (const { column } of columns) if (column && mandatory.has(column.name)) column.nullable = false
  const tableConstraints = constraints
    .filter((one) => constraintType(one))
    .map((one) => ({
      action: 'add constraint',
      table,
      constraint: constraintWords(one, reading),
      calls: callsIn(one.raw_expr, reading.names),
    }))
  const all: Draft[] = [...columns, ...tableConstraints]
  const primaryKey = all.some((one) => one.constraint?.type === 'primary key')
  return { kind, drafts: [{ action: kind, table, ...createWords(node, elements, definitions, reading), primaryKey }, ...all] }
}

export function readCreateForeignTable(node: Node, reading: Reading): Command {
  return readCreateTable(node.base, reading, 'create foreign table')
}

/** The bit of INCLUDING DEFAULTS in the options of a TableLikeClause. */
const LIKE_DEFAULTS = 1 << 3

function createWords(node: Node, elements: Node[], definitions: Node[], { names, source }: Reading): Omit<Draft, 'action'> {
  const parents: string[] = (node.inhRelations ?? []).map((one: Node) => tableOf(one.RangeVar, names).key)
  const clauses: Node[] = elements.flatMap((one) => (one.TableLikeClause ? [one.TableLikeClause] : []))
  const keysOf = (list: Node[]): string[] => list.map((one) => tableOf(one.relation, names).key)
  const withDefaults = clauses.filter((one) => ((one.options ?? 0) & LIKE_DEFAULTS) !== 0)
  return {
    guarded: node.if_not_exists === true,
    persistence: persistenceOf(node.relation),
    partitioned: node.partspec !== undefined,
    ...(node.partspec && { partitionKey: throughParenthesis(source, node.partspec.location) }),
    ...(node.partbound && {
      partitionOf: parents[0],
      default: node.partbound.is_default === true,
      bounds: boundsAt(source, node.partbound.location),
    }),
    ...(!node.partbound && parents.length > 0 && { inherits: parents[0], parents }),
    ...(clauses.length > 0 && { like: keysOf(clauses), likeDefaults: keysOf(withDefaults) }),
    ...(node.ofTypename && { ofType: keyOfPath(strings(node.ofTypename.names), names) }),
    columns: definitions.length,
  }
}

export function readTruncate(node: Node, { names }: Reading): Command {
  const words = { cascade: node.behavior === 'DROP_CASCADE', restartIdentity: node.restart_seqs === true }
  return { kind: 'truncate', drafts: tablesOf(node.relations, (table, only) => ({ action: 'truncate', table, only, ...words }), names) }
}

export function readLock(node: Node, { names }: Reading): Command {
  const words = { mode: LOCK_WORDS[node.mode] ?? 'access exclusive', nowait: node.nowait === true }
  return { kind: 'lock table', drafts: tablesOf(node.relations, (table, only) => ({ action: 'lock table', table, only, ...words }), names) }
}

export function readVacuum(node: Node, { names }: Reading): Command {
  const options: string[] = (node.options ?? []).filter((one: Node) => isOn(one.DefElem)).map((one: Node) => one.DefElem.defname)
  const action = node.is_vacuumcmd ? 'vacuum' : 'analyze'
  const words = node.is_vacuumcmd ? { full: options.includes('full'), analyze: options.includes('analyze') } : {}
  const ranges = (node.rels ?? []).map((one: Node) => ({ RangeVar: one.VacuumRelation.relation }))
  return {
    kind: action,
    drafts: ranges.length > 0 ? tablesOf(ranges, (table) => ({ action, table, ...words }), names) : [{ action, ...words }],
  }
}

export function readCluster(node: Node, { names }: Reading): Command {
  const words = node.relation ? { table: tableOf(node.relation, names), ...(node.indexname && { index: { name: node.indexname } }) } : {}
  return single('cluster', words)
}

function tablesOf(ranges: Node[] | undefined, draft: (table: TableWords, only: boolean) => Draft, names: Reading['names']): Draft[] {
  return (ranges ?? []).flatMap((one) => (one.RangeVar ? [draft(tableOf(one.RangeVar, names), one.RangeVar.inh !== true)] : []))
}

/** An option without a value is on; `false`, `off` and `0` turn it off. */
export function isOn(option: Node): boolean {
  const value = option.arg?.String?.sval ?? option.arg?.Integer?.ival ?? option.arg?.Boolean?.boolval
  if (option.arg?.Integer) return (value ?? 0) !== 0
  if (option.arg?.Boolean) return value === true
  const written = value ?? option.arg?.TypeName?.names?.at(-1)?.String?.sval
  return written === undefined || !['false', 'off', 'no', '0'].includes(String(written).toLowerCase())
}
