/** BEGIN to PREPARE TRANSACTION. */
import { type Command, single } from './draft.ts'
import { strings } from './names.ts'
import type { Node } from './parser.ts'

const COMMANDS: Record<string, string> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release savepoint',
  TRANS_STMT_ROLLBACK_TO: 'rollback to savepoint',
  TRANS_STMT_PREPARE: 'prepare transaction',
  TRANS_STMT_COMMIT_PREPARED: 'commit prepared',
  TRANS_STMT_ROLLBACK_PREPARED: 'rollback prepared',
}

export function readTransaction(node: Node): Command {
  const action = COMMANDS[node.kind] ?? 'begin'
  return single(action, {
    ...(node.chain && { chain: true }),
    ...(node.savepoint_name && { name: node.savepoint_name }),
  })
}

export function readSetConstraints(node: Node): Command {
  const named = (node.constraints ?? []).map((one: Node) => one.RangeVar?.relname ?? strings([one]).join())
  return single('set constraints', {
    immediate: node.deferred !== true,
    all: named.length === 0,
    ...(named.length > 0 && { names: named }),
  })
}
