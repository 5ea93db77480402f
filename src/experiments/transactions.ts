import type { Statement, TransactionMode } from '../sql/statement.ts'

/** What runs together: one transaction of a script, or one statement outside of any. */
export interface TransactionGroup {
  /** `block`: in BEGIN … COMMIT, the tool's or the script's own; `implicit`: in one query of several statements; `none`: alone. */
  mode: 'block' | 'implicit' | 'none'
  /** The script's own BEGIN, which may name an isolation level. */
  begin: Statement | undefined
  statements: Statement[]
  /** The script's own COMMIT or ROLLBACK. */
  end: Statement | undefined
  /** The script takes it back. */
  rolledBack: boolean
}

const BEGIN = /^(?:begin|start\s+transaction)\b/i
const COMMIT = /^(?:commit|end)\b(?!\s+prepared\b)/i
const ROLLBACK = /^(?:rollback|abort)\b(?!\s+(?:(?:work|transaction)\s+)?to\b|\s+prepared\b)/i
const SAVEPOINT = /^(?:savepoint|release|rollback\s+(?:(?:work|transaction)\s+)?to)\b/i
/** What means nothing, or something else, outside a transaction, so that it is run the way its tool does. */
const ABOUT_TRANSACTION = /^(?:set\s+local|set\s+constraints|lock|savepoint|release|declare)\b/i
/** What lasts until the end of its transaction, and so has to be said again before each statement measured alone. */
const LASTS = /^(?:set\s+local|set\s+constraints)\b/i

export function isControl(statement: Statement): boolean {
  return [BEGIN, COMMIT, ROLLBACK, SAVEPOINT].some((pattern) => pattern.test(statement.text))
}

export function isAboutTransaction(statement: Statement): boolean {
  return ABOUT_TRANSACTION.test(statement.text)
}

export function lastsForTransaction(statement: Statement): boolean {
  return LASTS.test(statement.text)
}

/**
 * A script as its tool would run it. In a file's transaction the script's own COMMIT ends it, and what follows runs alone. In one query
 * of several statements, those between BEGIN and COMMIT are a block, those around it implicit transactions.
 */
export function transactionsOf(statements: readonly Statement[], mode: TransactionMode): TransactionGroup[] {
  const groups: TransactionGroup[] = []
  let outside: TransactionGroup['mode'] = mode === 'file' ? 'block' : mode
  let open: TransactionGroup | undefined
  const start = (begin?: Statement): TransactionGroup => {
    const group: TransactionGroup = { mode: begin ? 'block' : outside, begin, statements: [], end: undefined, rolledBack: false }
    groups.push(group)
    return group
  }
  for (const statement of statements) {
    if (BEGIN.test(statement.text) && open?.mode !== 'block' && !(mode === 'file' && outside === 'block')) {
      open = start(statement)
    } else if (COMMIT.test(statement.text) || ROLLBACK.test(statement.text)) {
      open ??= start()
      open.end = statement
      open.rolledBack = ROLLBACK.test(statement.text)
      open = undefined
      if (mode === 'file') outside = 'none'
    } else {
      if (!open || open.mode === 'none') open = start()
      open.statements.push(statement)
    }
  }
  return groups
}
