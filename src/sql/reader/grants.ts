/** GRANT and REVOKE, of privileges and of roles, and default privileges. */
import { type Command, type Draft, type Reading, single } from './draft.ts'
import { pathOf } from './drops.ts'
import { keyOfPath, tableOf } from './names.ts'
import { objectWords } from './object-words.ts'
import type { Node } from './parser.ts'

export function readGrant(node: Node, { names }: Reading): Command {
  const action = node.is_grant ? 'grant' : 'revoke'
  const words = {
    object: objectWords(node.objtype),
    all: node.privileges === undefined,
    public: (node.grantees ?? []).some((one: Node) => one.RoleSpec.roletype === 'ROLESPEC_PUBLIC'),
    privileges: (node.privileges ?? []).map((one: Node) => one.AccessPriv.priv_name),
  }
  const tables: Node[] = (node.objects ?? []).flatMap((one: Node) => (one.RangeVar ? [one.RangeVar] : []))
  const drafts = tables.map((range): Draft => ({ action, table: tableOf(range, names), ...words }))
  const types =
    words.object === 'type' || words.object === 'domain'
      ? (node.objects as Node[]).map((one): Draft => ({ action, type: keyOfPath(pathOf(one), names), ...words }))
      : []
  return { kind: action, drafts: drafts.length + types.length > 0 ? [...drafts, ...types] : [{ action, ...words }] }
}

export function readGrantRole(node: Node): Command {
  return single(node.is_grant ? 'grant' : 'revoke', { object: 'role', all: false, public: false })
}

export function readDefaultPrivileges(): Command {
  return single('alter default privileges')
}
