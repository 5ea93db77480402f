/** Views, materialized views and tables made from a query. */

import { type Command, type Reading, single } from './draft.ts'
import { callsIn } from './expressions.ts'
import { createdTableOf, tableOf } from './names.ts'
import type { Node } from './parser.ts'
import { selectsStar, tablesRead } from './queries.ts'
import { persistenceOf } from './tables.ts'

export function readCreateView(node: Node, { names }: Reading): Command {
  return single('create view', {
    table: createdTableOf(node.view, names),
    replace: node.replace === true,
    star: selectsStar(node.query),
    reads: tablesRead(node.query, names),
    calls: callsIn(node.query, names),
    persistence: persistenceOf(node.view),
  })
}

/** CREATE TABLE … AS and CREATE MATERIALIZED VIEW are one node; the query may also be an EXECUTE. */
export function readCreateTableAs(node: Node, { names }: Reading): Command {
  const words = {
    table: createdTableOf(node.into.rel, names),
    guarded: node.if_not_exists === true,
    withData: node.into.skipData !== true,
    star: selectsStar(node.query),
    reads: tablesRead(node.query, names),
    calls: callsIn(node.query, names),
  }
  if (node.objtype === 'OBJECT_MATVIEW') return single('create materialized view', words)
  return single('create table as', { ...words, persistence: persistenceOf(node.into.rel) })
}

export function readRefresh(node: Node, { names }: Reading): Command {
  return single('refresh materialized view', {
    table: tableOf(node.relation, names),
    concurrently: node.concurrent === true,
    withData: node.skipData !== true,
  })
}
