/** Types, domains and sequences. */

import { typeOf } from './column-types.ts'
import { constraintType, constraintWords } from './constraints.ts'
import { type Command, type Draft, type Reading, single } from './draft.ts'
import { createdTableOf, keyOfPath, strings, tableOf } from './names.ts'
import { objectWords } from './object-words.ts'
import type { Node } from './parser.ts'

export function readCreateEnum(node: Node, { names }: Reading): Command {
  return single('create type', { enum: true, type: keyOfPath(strings(node.typeName), names), values: (node.vals ?? []).length })
}

export function readCreateComposite(node: Node, { names }: Reading): Command {
  return single('create type', { enum: false, type: createdTableOf(node.typevar, names).key })
}

export function readCreateRange(node: Node, { names }: Reading): Command {
  return single('create type', { enum: false, type: keyOfPath(strings(node.typeName), names) })
}

/** CREATE TYPE of a base type, and everything else Postgres defines by a list of parameters. */
export function readDefine(node: Node, { names }: Reading): Command {
  const object = objectWords(node.kind)
  if (object === 'type') return single('create type', { enum: false, type: keyOfPath(strings(node.defnames), names) })
  return { kind: `create ${object}`, drafts: [{ action: 'other', tag: `create ${object}` }] }
}

export function readAlterEnum(node: Node, { names }: Reading): Command {
  const type = keyOfPath(strings(node.typeName), names)
  if (node.oldVal !== undefined)
    return { kind: 'alter type', drafts: [{ action: 'rename enum value', value: node.oldVal, to: node.newVal, type }] }
  const neighbour = node.newValNeighbor === undefined ? {} : { [node.newValIsAfter ? 'after' : 'before']: node.newValNeighbor }
  return {
    kind: 'alter type',
    drafts: [{ action: 'add enum value', value: node.newVal, ...neighbour, guarded: node.skipIfNewValExists === true, type }],
  }
}

const ATTRIBUTE_CHANGES: Record<string, string> = {
  AT_AddColumn: 'add attribute',
  AT_DropColumn: 'drop attribute',
  AT_AlterColumnType: 'alter attribute type',
  AT_ChangeOwner: 'owner to',
}

/** ALTER TYPE of a composite type arrives as ALTER TABLE. */
export function readAlterCompositeType(node: Node, { names }: Reading): Command {
  const type = tableOf(node.relation, names).key
  const drafts = (node.cmds as Node[]).map(({ AlterTableCmd: command }) => {
    const definition = command.def?.ColumnDef
    const column = { name: command.name ?? definition?.colname ?? '', ...typeOf(definition?.typeName) }
    return {
      action: 'alter type',
      what: ATTRIBUTE_CHANGES[command.subtype] ?? 'other',
      type,
      column,
      cascade: command.behavior === 'DROP_CASCADE',
    }
  })
  return { kind: 'alter type', drafts }
}

/** ALTER TYPE … SET (…) of a base type. */
export function readAlterBaseType(node: Node, { names }: Reading): Command {
  return single('alter type', { what: 'set options', type: keyOfPath(strings(node.typeName), names) })
}

export function readCreateDomain(node: Node, reading: Reading): Command {
  const constraints: Node[] = (node.constraints ?? []).map((one: Node) => one.Constraint)
  return single('create domain', {
    type: keyOfPath(strings(node.domainname), reading.names),
    constrained: constraints.some((one) => ['check', 'not null'].includes(constraintType(one) ?? '')),
    base: typeOf(node.typeName).fullType,
  })
}

const DOMAIN_CHANGES: Record<string, string> = {
  T: 'set default',
  N: 'drop not null',
  O: 'set not null',
  C: 'add constraint',
  X: 'drop constraint',
  V: 'validate constraint',
}

export function readAlterDomain(node: Node, reading: Reading): Command {
  const what = node.subtype === 'T' && !node.def ? 'drop default' : (DOMAIN_CHANGES[node.subtype] ?? 'other')
  const added: Node | undefined = node.def?.Constraint
  const draft: Draft = {
    action: 'alter domain',
    what,
    type: keyOfPath(strings(node.typeName), reading.names),
    valid: added?.skip_validation !== true,
    ...(added ? { constraint: constraintWords(added, reading) } : node.name && { constraint: { name: node.name } }),
    cascade: node.behavior === 'DROP_CASCADE',
  }
  return { kind: 'alter domain', drafts: [draft] }
}

export function readCreateSequence(node: Node, { names }: Reading): Command {
  return single('create sequence', {
    table: createdTableOf(node.sequence, names),
    guarded: node.if_not_exists === true,
    ...ownerWords(node, names),
  })
}

export function readAlterSequence(node: Node, { names }: Reading): Command {
  const options: string[] = (node.options ?? []).map((one: Node) => one.DefElem.defname.replaceAll('_', ' '))
  return single('alter sequence', { table: tableOf(node.sequence, names), options, ...ownerWords(node, names) })
}

/** OWNED BY table.column. */
function ownerWords(node: Node, names: Reading['names']): { ownedBy?: string; column?: { name: string } } {
  const owner = (node.options ?? []).find((one: Node) => one.DefElem.defname === 'owned_by')
  const path = strings(owner?.DefElem.arg?.List?.items)
  const name = path.at(-1)
  if (path.length < 2 || !name) return {}
  return { ownedBy: tableOf({ relname: path.at(-2), ...(path.length > 2 && { schemaname: path.at(-3) }) }, names).key, column: { name } }
}
