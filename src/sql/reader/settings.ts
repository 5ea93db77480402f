/** SET, RESET and set_config. */
import { type Command, type Draft, type Reading, single } from './draft.ts'
import { constantOf } from './expressions.ts'
import { strings } from './names.ts'
import type { Node } from './parser.ts'
import { expressionAfter, type Source } from './source.ts'

export function readSet(node: Node, reading: Reading): Command {
  switch (node.kind) {
    case 'VAR_RESET':
      return single('reset', { setting: settingName(node) })
    case 'VAR_RESET_ALL':
      return single('reset', { setting: 'all' })
    case 'VAR_SET_DEFAULT':
      return { kind: 'set', drafts: [{ action: 'reset', setting: settingName(node), local: node.is_local === true }] }
    case 'VAR_SET_MULTI':
      return { kind: 'set', drafts: transactionSettings(node) }
    default:
      return single('set', { setting: settingName(node), value: settingValue(node, reading.source), local: node.is_local === true })
  }
}

/** DISCARD ALL resets every setting; the other forms touch none. */
export function readDiscard(node: Node): Command {
  const target = String(node.target).replace('DISCARD_', '').toLowerCase()
  return { kind: 'discard', drafts: [{ action: 'discard', target }, ...(target === 'all' ? [{ action: 'reset', setting: 'all' }] : [])] }
}

/** The setting a call of set_config makes, when its name is a literal. */
export function settingFromCall(call: Node, source: Source): Draft[] {
  const [name, value, local] = (call.args ?? []) as Node[]
  const setting = constantOf(name)?.toLowerCase()
  if (!setting || !value) return []
  const written = constantOf(value) ?? expressionAfter(source, 'set_config', value) ?? ''
  return [{ action: 'set', setting, value: written, local: constantOf(local) === 'true' }]
}

/** The value of a VariableSetStmt as SHOW would list it: lists joined by commas, quotes gone. */
export function settingValue(node: Node, source: Source): string {
  const values: Node[] = node.args ?? []
  return values.map((one) => constantOf(one) ?? expressionAfter(source, 'to', one) ?? '').join(', ')
}

function settingName(node: Node): string {
  return String(node.name ?? '').toLowerCase()
}

const TRANSACTION_SETTINGS: Record<string, string> = {
  transaction_isolation: 'transaction_isolation',
  transaction_read_only: 'transaction_read_only',
  transaction_deferrable: 'transaction_deferrable',
}

/** `set transaction read only` is a SET LOCAL, `set session characteristics` a SET of the defaults. */
function transactionSettings(node: Node): Draft[] {
  const session = node.name === 'SESSION CHARACTERISTICS'
  return (node.args ?? []).flatMap((one: Node) => {
    const name = TRANSACTION_SETTINGS[one.DefElem?.defname]
    if (!name)
      return [{ action: 'set', setting: String(node.name).toLowerCase(), value: constantOf(one) ?? strings([one]).join(), local: !session }]
    return [{ action: 'set', setting: session ? `default_${name}` : name, value: constantOf(one.DefElem.arg) ?? '', local: !session }]
  })
}
