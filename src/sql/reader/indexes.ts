/** CREATE INDEX and REINDEX; ALTER INDEX is read with ALTER TABLE, DROP INDEX with the drops. */
import type { IndexWords } from '../operation.ts'
import { type Command, type Reading, single } from './draft.ts'
import { callsIn } from './expressions.ts'
import { strings, tableOf } from './names.ts'
import type { Node } from './parser.ts'
import { expressionAfter } from './source.ts'
import { isOn } from './tables.ts'

export function readCreateIndex(node: Node, reading: Reading): Command {
  const table = tableOf(node.relation, reading.names)
  const keys: Node[] = elementsOf(node.indexParams)
  const predicate = node.whereClause && expressionAfter(reading.source, 'where', node.whereClause)
  const index: IndexWords = {
    ...(node.idxname && { name: node.idxname }),
    schema: table.schema,
    method: node.accessMethod ?? 'btree',
    columns: keys.map((one) => one.name ?? '(…)'),
    include: elementsOf(node.indexIncludingParams).map((one) => one.name ?? '(…)'),
    ...(predicate && { predicate }),
    expressions: keys.some((one) => one.expr !== undefined),
    operatorClasses: keys.map((one) => strings(one.opclass).join('.') || null),
    collations: keys.map((one) => strings(one.collation).join('.') || null),
    orders: keys.map(orderOf),
    options: (node.options ?? []).map((one: Node) => one.DefElem.defname),
    ...(node.nulls_not_distinct && { nullsNotDistinct: true }),
  }
  return single('create index', {
    table,
    index,
    concurrently: node.concurrent === true,
    unique: node.unique === true,
    guarded: node.if_not_exists === true,
    only: node.relation.inh !== true,
    columnCount: keys.length,
    calls: callsIn([node.indexParams, node.whereClause], reading.names),
  })
}

export function readReindex(node: Node, { names }: Reading): Command {
  const object = String(node.kind).replace('REINDEX_OBJECT_', '').toLowerCase()
  const concurrently = (node.params ?? []).some((one: Node) => one.DefElem.defname === 'concurrently' && isOn(one.DefElem))
  const table = node.relation && tableOf(node.relation, names)
  return single('reindex', {
    object,
    concurrently,
    ...(table && { table }),
    ...(table && object === 'index' && { index: { name: table.name, schema: table.schema } }),
    ...(node.name && { name: node.name }),
  })
}

function elementsOf(list: Node[] | undefined): Node[] {
  return (list ?? []).map((one) => one.IndexElem)
}

const DIRECTIONS: Record<string, string> = {
  SORTBY_DESC: 'desc',
  SORTBY_ASC: 'asc',
  SORTBY_NULLS_FIRST: 'nulls first',
  SORTBY_NULLS_LAST: 'nulls last',
}

function orderOf(element: Node): string | null {
  return [DIRECTIONS[element.ordering], DIRECTIONS[element.nulls_ordering]].filter(Boolean).join(' ') || null
}
