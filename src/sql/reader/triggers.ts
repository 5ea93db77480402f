/** Triggers, rules, policies and extended statistics: things that hang on a table. */
import { type Command, type Reading, single } from './draft.ts'
import { callsIn } from './expressions.ts'
import { keyOfPath, strings, tableOf } from './names.ts'
import type { Node } from './parser.ts'
import { tablesRead, tablesWritten } from './queries.ts'

export function readCreateTrigger(node: Node, { names }: Reading): Command {
  return single('create trigger', {
    table: tableOf(node.relation, names),
    name: node.trigname,
    function: strings(node.funcname).join('.'),
    replace: node.replace === true,
    constraint: node.isconstraint === true,
    each: node.row ? 'row' : 'statement',
    ...(node.constrrel && { from: tableOf(node.constrrel, names).key }),
  })
}

export function readCreateRule(node: Node, { names }: Reading): Command {
  const words = { reads: tablesRead(node.actions, names), writes: tablesWritten(node.actions, names) }
  return single('create rule', { table: tableOf(node.relation, names), name: node.rulename, replace: node.replace === true, ...words })
}

export function readCreatePolicy(node: Node, { names }: Reading): Command {
  return single('create policy', {
    table: tableOf(node.table, names),
    name: node.policy_name,
    calls: callsIn([node.qual, node.with_check], names),
    reads: tablesRead([node.qual, node.with_check], names),
  })
}

export function readAlterPolicy(node: Node, { names }: Reading): Command {
  return single('alter policy', {
    table: tableOf(node.table, names),
    name: node.policy_name,
    calls: callsIn([node.qual, node.with_check], names),
    reads: tablesRead([node.qual, node.with_check], names),
  })
}

export function readCreateStatistics(node: Node, { names }: Reading): Command {
  const range = node.relations?.[0]?.RangeVar
  const name = node.defnames && keyOfPath(strings(node.defnames), names)
  return single('create statistics', {
    ...(range && { table: tableOf(range, names) }),
    ...(name && { name }),
    guarded: node.if_not_exists === true,
  })
}

export function readAlterStatistics(node: Node, { names }: Reading): Command {
  return single('alter statistics', { name: keyOfPath(strings(node.defnames), names) })
}
