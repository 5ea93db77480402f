/** RENAME, OWNER TO, SET SCHEMA and DEPENDS ON EXTENSION where they are not subcommands of ALTER TABLE. */
import { roleOf } from './alter-table.ts'
import type { Command, Draft, Reading } from './draft.ts'
import { pathOf } from './drops.ts'
import { keyOfPath, tableOf } from './names.ts'
import { objectWords } from './object-words.ts'
import type { Node } from './parser.ts'

export function readRename(node: Node, { names }: Reading): Command {
  const object = objectWords(node.renameType)
  const table = node.relation && tableOf(node.relation, names)
  const path = pathOf(node.object)
  const to: string = node.newname
  const on = (action: string, words: object = {}): Draft => ({ action, ...(table && { table }), to, ...words })
  switch (object) {
    case 'column': {
      const of = objectWords(node.relationType)
      return { kind: `alter ${of}`, drafts: [on('rename column', { column: { name: node.subname }, object: of })] }
    }
    case 'constraint':
      return { kind: 'alter table', drafts: [on('rename constraint', { constraint: { name: node.subname } })] }
    case 'table':
    case 'foreign table':
    case 'view':
    case 'materialized view':
    case 'sequence':
      return { kind: `alter ${object}`, drafts: [on('rename table', { object })] }
    case 'index':
      return { kind: 'alter index', drafts: [on('rename index', { index: { name: table?.name, schema: table?.schema } })] }
    case 'trigger':
      return { kind: 'alter trigger', drafts: [on('rename trigger', { name: node.subname })] }
    case 'rule':
      return { kind: 'alter rule', drafts: [on('rename rule', { name: node.subname })] }
    case 'policy':
      return { kind: 'alter policy', drafts: [on('rename policy', { name: node.subname })] }
    case 'type':
    case 'domain':
      return { kind: `alter ${object}`, drafts: [{ action: 'rename type', to, type: keyOfPath(path, names), object }] }
    case 'domain constraint':
      return {
        kind: 'alter domain',
        drafts: [
          { action: 'alter domain', what: 'rename constraint', type: keyOfPath(path, names), to, constraint: { name: node.subname } },
        ],
      }
    case 'attribute':
      return {
        kind: 'alter type',
        drafts: [{ action: 'alter type', what: 'rename attribute', type: table?.key, to, column: { name: node.subname } }],
      }
    case 'schema':
      return { kind: 'alter schema', drafts: [{ action: 'rename schema', name: node.subname, to }] }
    case 'function':
    case 'procedure':
    case 'routine':
    case 'aggregate':
      return { kind: `alter ${object}`, drafts: [{ action: 'rename function', name: keyOfPath(path, names), to, object }] }
    case 'role':
      return { kind: 'alter role', drafts: [{ action: 'alter role', name: node.subname, to }] }
    case 'database':
      return { kind: 'alter database', drafts: [{ action: 'alter database', name: node.subname, to }] }
    case 'statistics':
      return { kind: 'alter statistics', drafts: [{ action: 'alter statistics', name: keyOfPath(path, names), to }] }
    default:
      return { kind: `alter ${object}`, drafts: [{ action: 'other', tag: `alter ${object}`, to }] }
  }
}

export function readOwner(node: Node, reading: Reading): Command {
  const object = objectWords(node.objectType)
  return { kind: `alter ${object}`, drafts: [{ action: 'owner to', to: roleOf(node.newowner), object, ...subject(node, object, reading) }] }
}

export function readSetSchema(node: Node, reading: Reading): Command {
  const object = objectWords(node.objectType)
  return { kind: `alter ${object}`, drafts: [{ action: 'set schema', to: node.newschema, object, ...subject(node, object, reading) }] }
}

export function readDepends(node: Node, reading: Reading): Command {
  const object = objectWords(node.objectType)
  const action = ['index', 'materialized view', 'function', 'trigger'].includes(object) ? `alter ${object}` : 'alter function'
  return { kind: `alter ${object}`, drafts: [{ action, ...subject(node, object, reading) }] }
}

/** ALTER TABLE ALL IN TABLESPACE … SET TABLESPACE …. */
export function readMoveAll(node: Node): Command {
  const object = objectWords(node.objtype)
  return { kind: `alter ${object}`, drafts: [{ action: 'set tablespace', to: node.new_tablespacename, object, all: true }] }
}

function subject(node: Node, object: string, { names }: Reading): Partial<Draft> {
  if (node.relation) {
    const table = tableOf(node.relation, names)
    return { table, ...(object === 'index' && { index: { name: table.name, schema: table.schema } }) }
  }
  const path = pathOf(node.object)
  if (object === 'type' || object === 'domain') return { type: keyOfPath(path, names) }
  return { name: path.length > 1 ? keyOfPath(path, names) : path[0] }
}
