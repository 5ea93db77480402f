/** Which statements share a transaction, by how the script is sent and by what it says itself. */
import type { TransactionWords } from '../operation.ts'
import type { TransactionMode } from '../statement.ts'
import type { Draft } from './draft.ts'
import type { SessionSettings, SettingsSnapshot } from './session-settings.ts'

export interface Transactions {
  current(): TransactionWords
  /** Before the statement's operations. */
  enter(kind: string): void
  /** COMMIT, ROLLBACK and savepoints. */
  react(draft: Draft): void
  /** After them. */
  leave(kind: string): void
}

type Kind = Omit<TransactionWords, 'number'>

const ALONE: Kind = { mode: 'none', explicit: false }

/** Ending a transaction tells the settings. */
export function transactionsOf(mode: TransactionMode, statements: number, settings: SessionSettings): Transactions {
  let kind = outside(mode, statements)
  let number = 0
  /** Whether the transaction the number names has had a statement. */
  let used = false
  let before = settings.snapshot()
  let savepoints: Array<SettingsSnapshot & { name: string }> = []

  function end(committed: boolean, chained: boolean): void {
    if (!committed) settings.restore(before)
    settings.forgetLocal()
    before = settings.snapshot()
    savepoints = []
    number += 1
    used = false
    if (!chained) kind = mode === 'implicit' ? outside(mode, statements) : ALONE
  }

  return {
    current: () => ({ number, ...kind }),
    enter(statement) {
      if (kind.mode === 'none') {
        if (used) number += 1
        before = settings.snapshot()
      }
      if (statement === 'begin') kind = { mode: 'block', explicit: true }
      used = true
    },
    react(draft) {
      if (draft.action === 'commit' || draft.action === 'prepare transaction') end(true, draft.chain === true)
      if (draft.action === 'rollback') end(false, draft.chain === true)
      if (draft.action === 'savepoint') savepoints.push({ name: String(draft.name), ...settings.snapshot() })
      const savepoint = draft.action === 'rollback to savepoint' && savepoints.findLast((one) => one.name === draft.name)
      if (savepoint) settings.restore(savepoint)
    },
    leave(statement) {
      // A COMMIT inside a DO block leaves the rest of the block behind it, which the next statement does not share.
      if (statement === 'do') used = true
      if (kind.mode === 'none') settings.forgetLocal()
    },
  }
}

/** The transaction a statement outside any BEGIN runs in. */
function outside(mode: TransactionMode, statements: number): Kind {
  if (mode === 'file') return { mode: 'block', explicit: false }
  return { mode: mode === 'implicit' && statements > 1 ? 'implicit' : 'none', explicit: false }
}
