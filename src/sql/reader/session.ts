/** Follows a script the way a session would: settings, transactions, and which relations are new. */
import type { Operation, TransactionWords } from '../operation.ts'
import type { TransactionMode } from '../statement.ts'
import type { Draft } from './draft.ts'
import { mark, note } from './mark-new.ts'
import type { Names } from './names.ts'
import { type SessionSettings, type Settings, sessionSettings } from './session-settings.ts'
import { transactionsOf } from './session-transactions.ts'

export interface Session {
  names: Names
  /** The operations of the next statement, in the settings and the transaction it runs in. */
  run(drafts: Draft[], kind: string): Operation[]
}

const NO_EFFECTS = { lock: 'none', rewrites: false, scans: false, builds: false } as const

export function openSession(mode: TransactionMode, statements: number): Session {
  const created = new Set<string>()
  const settings = sessionSettings()
  const transactions = transactionsOf(mode, statements, settings)
  const names: Names & { searchPath: string[] } = { searchPath: ['public'], created }
  let number = -1

  function operationOf({ ownSettings, ...draft }: Draft, kind: string): Operation {
    const inForce = ownSettings ? { ...settings.inForce(), ...(ownSettings as Settings) } : settings.inForce()
    const transaction: TransactionWords = transactions.current()
    const operation = { statement: kind, settings: inForce, transaction, number, ...NO_EFFECTS, ...draft } as Operation
    if (draft.inside === 'function') return mark(operation, created)
    const marked = note(operation, created)
    if (draft.action === 'set' || draft.action === 'reset') change(settings, draft, transaction)
    else transactions.react(draft)
    return marked
  }

  return {
    names,
    run(drafts, kind) {
      number += 1
      transactions.enter(kind)
      const operations = drafts.map((draft) => operationOf(draft, kind))
      transactions.leave(kind)
      names.searchPath = searchPathOf(settings.inForce().search_path)
      return operations
    },
  }
}

/** Outside a transaction SET LOCAL has no effect, but a DO block is a transaction of its own. */
function change(settings: SessionSettings, draft: Draft, transaction: TransactionWords): void {
  const local = draft.local === true
  if (local && transaction.mode === 'none' && draft.inside === undefined) return
  if (draft.action === 'set') settings.set(String(draft.setting), String(draft.value), local)
  else settings.reset(String(draft.setting), local)
}

/** Schemas named by search_path; those every session has, and the empty path of a dump, leave `public`. */
function searchPathOf(setting: string | undefined): string[] {
  const schemas = (setting ?? '').split(',').map((one) => one.trim().replace(/^"(.*)"$/, '$1'))
  const own = schemas.filter((one) => one !== '' && one !== '$user' && !one.startsWith('pg_'))
  return own.length > 0 ? own : ['public']
}
