/** Follows a script the way a session would: settings, transactions, and which relations are new. */
import type { Operation, TransactionWords } from '../operation.ts'
import type { TransactionMode } from '../statement.ts'
import type { Draft } from './draft.ts'
import { mark, note } from './mark-new.ts'
import type { Names } from './names.ts'

export interface Session {
  names: Names
  /** The operations of the next statement, in the settings and the transaction it runs in. */
  run(drafts: Draft[], kind: string): Operation[]
}

type Settings = Record<string, string>

/** What ROLLBACK brings back. */
interface Snapshot {
  session: Settings
  local: Settings
}

export function openSession(mode: TransactionMode, statements: number): Session {
  const created = new Set<string>()
  const names: Names & { searchPath: string[] } = { searchPath: ['public'], created }
  let session: Settings = {}
  let local: Settings = {}
  let inForce: Settings = {}
  let before: Snapshot = { session, local }
  let savepoints: Array<Snapshot & { name: string }> = []
  let number = 0
  let index = -1
  let transaction = outside(mode, statements)
  /** Whether the transaction the counter names has had a statement. */
  let used = false

  function settle(): void {
    inForce = { ...session, ...local }
    names.searchPath = searchPathOf(inForce.search_path)
  }

  function begin(explicit: boolean): void {
    if (transaction.mode === 'none') {
      if (used) number += 1
      before = { session, local }
    }
    transaction = { mode: 'block', explicit: explicit || transaction.explicit }
    used = true
  }

  function end(committed: boolean, chained: boolean): void {
    if (!committed) session = before.session
    local = {}
    settle()
    before = { session, local }
    savepoints = []
    number += 1
    used = false
    if (!chained) transaction = mode === 'implicit' ? outside(mode, statements) : { mode: 'none', explicit: false }
  }

  function change(draft: Draft): void {
    const setting = String(draft.setting)
    const isLocal = draft.local === true
    // A DO block is a transaction of its own, so SET LOCAL holds inside it.
    if (isLocal && transaction.mode === 'none' && draft.inside === undefined) return
    if (setting === 'all') [session, local] = [{}, {}]
    else if (isLocal) local = draft.action === 'set' ? { ...local, [setting]: String(draft.value) } : without(local, setting)
    else {
      local = without(local, setting)
      session = draft.action === 'set' ? { ...session, [setting]: String(draft.value) } : without(session, setting)
    }
    settle()
  }

  function react(draft: Draft): void {
    switch (draft.action) {
      case 'set': case 'reset': return change(draft)
      case 'commit': case 'prepare transaction': return end(true, draft.chain === true)
      case 'rollback': return end(false, draft.chain === true)
      case 'savepoint': savepoints.push({ name: String(draft.name), session, local }); return
      case 'rollback to savepoint': {
        const savepoint = savepoints.findLast((one) => one.name === draft.name)
        if (savepoint) ({ session, local } = savepoint)
        return settle()
      }
    }
  }

  return {
    names,
    run(drafts, kind) {
      index += 1
      if (kind === 'begin') begin(true)
      else if (transaction.mode === 'none' && used) number += 1
      used = true
      const operations = drafts.map(({ ownSettings, ...draft }) => {
        const settings = ownSettings ? { ...inForce, ...(ownSettings as Settings) } : inForce
        const words = { statement: kind, settings, transaction: { number, ...transaction }, number: index, ...NO_EFFECTS }
        const operation = { ...words, ...draft } as Operation
        if (draft.inside === 'function') return mark(operation, created)
        const marked = note(operation, created)
        react(draft)
        return marked
      })
      // A COMMIT inside a DO block leaves the rest of the block behind it, which the next statement does not share.
      used ||= kind === 'do'
      if (transaction.mode === 'none' && Object.keys(local).length > 0) {
        local = {}
        settle()
      }
      return operations
    },
  }
}

const NO_EFFECTS = { lock: 'none', rewrites: false, scans: false, builds: false } as const

/** The transaction a statement outside any BEGIN runs in. */
function outside(mode: TransactionMode, statements: number): Omit<TransactionWords, 'number'> {
  if (mode === 'file') return { mode: 'block', explicit: false }
  return { mode: mode === 'implicit' && statements > 1 ? 'implicit' : 'none', explicit: false }
}

function without(settings: Settings, name: string): Settings {
  const { [name]: _, ...rest } = settings
  return rest
}

/** Schemas named by search_path; those every session has, and the empty path of a dump, leave `public`. */
function searchPathOf(setting: string | undefined): string[] {
  const schemas = (setting ?? '').split(',').map((one) => one.trim().replace(/^"(.*)"$/, '$1'))
  const own = schemas.filter((one) => one !== '' && one !== '$user' && !one.startsWith('pg_'))
  return own.length > 0 ? own : ['public']
}
