/** `errcodes.txt`: which SQLSTATE a macro stands for. */

export interface SqlState {
  /** `23505` */
  state: string
  kind: 'error' | 'warning' | 'success'
  /** `ERRCODE_UNIQUE_VIOLATION` */
  macro: string
  /** `unique_violation`, as PL/pgSQL calls it. Null for another name of a code that has one. */
  name: string | null
  /** `Class 23 - Integrity Constraint Violation` */
  section: string
  line: number
}

const KINDS = { E: 'error', W: 'warning', S: 'success' } as const

export function readSqlStates(text: string): SqlState[] {
  const states: SqlState[] = []
  let section = ''
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    section = /^Section:\s*(.+?)\s*$/.exec(line)?.[1] ?? section
    const [, state, kind, macro, name] = /^([0-9A-Z]{5})\s+([EWS])\s+(ERRCODE_\w+)(?:\s+(\w+))?\s*$/.exec(line) ?? []
    if (state === undefined || macro === undefined) continue
    states.push({ state, kind: KINDS[kind as keyof typeof KINDS], macro, name: name ?? null, section, line: at + 1 })
  }
  return states
}
