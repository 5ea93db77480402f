/** DROP in all its forms: one operation an object. */
import type { Command, Draft, Reading } from './draft.ts'
import { keyOfPath, strings, tableOfPath } from './names.ts'
import { objectWords } from './object-words.ts'
import type { Node } from './parser.ts'

const RELATIONS = new Set(['table', 'foreign table', 'index', 'view', 'materialized view', 'sequence'])
const ON_A_TABLE = new Set(['trigger', 'rule', 'policy'])
const ROUTINES = new Set(['function', 'procedure', 'routine', 'aggregate'])
/** Dropped by their plain name. */
const NAMED = new Set([
  'schema',
  'extension',
  'publication',
  'event trigger',
  'server',
  'foreign data wrapper',
  'access method',
  'language',
])

export function readDrop(node: Node, reading: Reading): Command {
  const object = objectWords(node.removeType)
  const words = { guarded: node.missing_ok === true, cascade: node.behavior === 'DROP_CASCADE' }
  const concurrently = object === 'index' ? { concurrently: node.concurrent === true } : {}
  const drafts = (node.objects as Node[]).map((one) => {
    const draft = dropped(object, one, reading)
    return draft.action === 'other' ? draft : { ...draft, ...words, ...concurrently }
  })
  return { kind: `drop ${object}`, drafts }
}

function dropped(object: string, target: Node, { names }: Reading): Draft {
  const path = pathOf(target)
  if (RELATIONS.has(object)) {
    const table = tableOfPath(path, names)
    return { action: `drop ${object}`, table, ...(object === 'index' && { index: { name: table.name, schema: table.schema } }) }
  }
  if (ON_A_TABLE.has(object)) return { action: `drop ${object}`, table: tableOfPath(path.slice(0, -1), names), name: path.at(-1) }
  if (object === 'type' || object === 'domain') return { action: `drop ${object}`, type: keyOfPath(path, names) }
  if (ROUTINES.has(object)) return { action: 'drop function', object, name: keyOfPath(path, names) }
  if (object === 'statistics') return { action: 'drop statistics', name: keyOfPath(path, names) }
  if (object === 'schema' || object === 'extension' || object === 'publication') return { action: `drop ${object}`, name: path.at(-1) }
  return { action: 'other', tag: `drop ${object}`, ...(NAMED.has(object) && { name: path.at(-1) }) }
}

export function readDropRole(node: Node): Command {
  const drafts = (node.roles as Node[]).map((one) => ({
    action: 'drop role',
    name: one.RoleSpec.rolename,
    guarded: node.missing_ok === true,
  }))
  return { kind: 'drop role', drafts }
}

export function readDropDatabase(node: Node): Command {
  return { kind: 'drop database', drafts: [{ action: 'drop database', name: node.dbname, guarded: node.missing_ok === true }] }
}

export function readDropSubscription(node: Node): Command {
  return { kind: 'drop subscription', drafts: [{ action: 'drop subscription', name: node.subname, guarded: node.missing_ok === true }] }
}

/** The name in whichever of the parser's four forms it comes. */
export function pathOf(target: Node | undefined): string[] {
  if (target?.List) return strings(target.List.items)
  if (target?.TypeName) return strings(target.TypeName.names)
  if (target?.ObjectWithArgs) return strings(target.ObjectWithArgs.objname)
  return target?.String ? [target.String.sval ?? ''] : []
}
