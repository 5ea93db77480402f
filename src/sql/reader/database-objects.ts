/** COMMENT, and the objects of a whole database: schemas, extensions, publications. */
import { type Command, type Reading, single } from './draft.ts'
import { pathOf } from './drops.ts'
import { keyOfPath, tableOf, tableOfPath } from './names.ts'
import { objectWords } from './object-words.ts'
import type { Node } from './parser.ts'

export function readComment(node: Node, { names }: Reading): Command {
  const object = objectWords(node.objtype)
  const path = pathOf(node.object)
  if (object === 'column')
    return single('comment', { object, table: tableOfPath(path.slice(0, -1), names), column: { name: path.at(-1) ?? '' } })
  if (['table', 'view', 'materialized view', 'index', 'sequence', 'foreign table'].includes(object))
    return single('comment', { object, table: tableOfPath(path, names) })
  if (['constraint', 'trigger', 'rule', 'policy'].includes(object))
    return single('comment', { object, table: tableOfPath(path.slice(0, -1), names) })
  return single('comment', { object, ...((object === 'type' || object === 'domain') && { type: keyOfPath(path, names) }) })
}

export function readCreateSchema(node: Node): Command {
  return single('create schema', { name: node.schemaname ?? node.authrole?.rolename, guarded: node.if_not_exists === true })
}

export function readCreateExtension(node: Node): Command {
  const option = (name: string) => (node.options ?? []).find((one: Node) => one.DefElem.defname === name)?.DefElem.arg?.String?.sval
  const version = option('new_version')
  const schema = option('schema')
  return single('create extension', {
    name: node.extname,
    guarded: node.if_not_exists === true,
    ...(version && { version }),
    ...(schema && { schema }),
  })
}

export function readAlterExtension(node: Node): Command {
  return single('alter extension', { name: node.extname })
}

export function readCreatePublication(node: Node, reading: Reading): Command {
  return single('create publication', { name: node.pubname, all: node.for_all_tables === true, ...publishedBy(node, reading) })
}

const PUBLICATION_CHANGES: Record<string, string> = { AP_AddObjects: 'add', AP_SetObjects: 'set', AP_DropObjects: 'drop' }

export function readAlterPublication(node: Node, reading: Reading): Command {
  const what = node.options ? 'options' : (PUBLICATION_CHANGES[node.action] ?? 'add')
  return single('alter publication', { name: node.pubname, what, ...publishedBy(node, reading) })
}

function publishedBy(node: Node, { names }: Reading): { tables: string[]; schemas: string[] } {
  const objects: Node[] = (node.pubobjects ?? []).map((one: Node) => one.PublicationObjSpec)
  return {
    tables: objects.flatMap((one) => (one.pubtable ? [tableOf(one.pubtable.relation, names).key] : [])),
    schemas: objects.flatMap((one) => (one.pubobjtype === 'PUBLICATIONOBJ_TABLES_IN_SCHEMA' ? [one.name] : [])),
  }
}

/** A command whose one word worth telling is the name of what it is about. */
export function namedBy(action: string, field: string): (node: Node) => Command {
  return (node) => single(action, (node[field]?.rolename ?? node[field]) ? { name: node[field]?.rolename ?? node[field] } : {})
}
