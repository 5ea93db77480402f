import { type Clone, type DatabaseError, giveMissing, type Notice, type StatementOutcome, type Step } from '../clones/clone.ts'
import type { Statement } from '../sql/statement.ts'
import type { TransactionGroup } from './transactions.ts'

/** How a transaction goes when it runs as its tool runs it. By the statements' indexes in the script. */
export interface Rehearsal {
  errors: Map<number, DatabaseError>
  notices: Map<number, Notice[]>
  /** The statements that only follow the first that failed, and which that was. */
  blocked: Map<number, number>
}

const MAX_ROLES = 20
/** Takes an implicit transaction back when all its statements succeeded. */
const UNDO = `do $$ begin raise exception using errcode = 'PW001', message = 'rehearsed'; end $$`
const UNDONE = 'PW001'
const CHECK = 'set constraints all immediate'

/**
 * Runs a transaction of several statements the way its tool would, and takes it back. Some statements only fail there: an enum value used where it
 * was added (55P04), ALTER TABLE behind a deferred constraint (55006), CREATE INDEX CONCURRENTLY (25001).
 */
export async function rehearse(clone: Clone, group: TransactionGroup, signal: AbortSignal): Promise<Rehearsal> {
  const run = group.mode === 'implicit' ? runImplicit : runBlock
  let outcomes = await run(clone, group, signal)
  for (let made = 0; made < MAX_ROLES; made += 1) {
    const give = outcomes.map(({ error }, index) => error && giveMissing(error, group.statements[index]?.text ?? '')).find(Boolean)
    if (!give || (await clone.run(give, signal)).error) break
    outcomes = await run(clone, group, signal)
  }
  return readOutcomes(group, outcomes)
}

/** One outcome a statement up to the one that failed, then one for the end of the transaction. */
async function runBlock(clone: Clone, group: TransactionGroup, signal: AbortSignal): Promise<StatementOutcome[]> {
  const runnable = beforeSyntaxError(group.statements)
  const steps: Step[] = [...runnable, { text: CHECK }].map(({ text }) => ({ sql: text }))
  const outcomes = await clone.batch([{ sql: [group.begin?.text ?? 'begin'] }, ...steps, { sql: ['rollback'], always: true }], signal)
  const ran = outcomes.slice(1, -1)
  return runnable.length < group.statements.length ? ran.slice(0, runnable.length) : ran
}

async function runImplicit(clone: Clone, group: TransactionGroup, signal: AbortSignal): Promise<StatementOutcome[]> {
  const runnable = beforeSyntaxError(group.statements)
  // A query is parsed before any of it runs.
  if (runnable.length < group.statements.length) return []
  const [outcome] = await clone.batch([{ sql: [...runnable.map(({ text }) => text), CHECK, UNDO] }], signal)
  return (outcome?.parts ?? []).filter(({ error }) => error?.code !== UNDONE)
}

function beforeSyntaxError(statements: readonly Statement[]): Statement[] {
  const bad = statements.findIndex(({ syntaxError }) => syntaxError)
  return bad < 0 ? [...statements] : statements.slice(0, bad)
}

function readOutcomes({ statements, end }: TransactionGroup, outcomes: readonly StatementOutcome[]): Rehearsal {
  const rehearsal: Rehearsal = { errors: new Map(), notices: new Map(), blocked: new Map() }
  const bad = statements.find(({ syntaxError }) => syntaxError)
  let cause: number | undefined
  for (const [position, outcome] of outcomes.entries()) {
    // The check of deferred constraints stands for COMMIT; without one in the script, the last statement bears its error.
    const index = (statements[position] ?? end ?? statements.at(-1))?.index ?? 0
    if (cause === undefined) rehearsal.notices.set(index, [...(rehearsal.notices.get(index) ?? []), ...outcome.notices])
    if (outcome.error && cause === undefined) {
      rehearsal.errors.set(index, outcome.error)
      cause = index
    }
  }
  if (bad?.syntaxError && cause === undefined) {
    rehearsal.errors.set(bad.index, { code: '42601', message: bad.syntaxError.message })
    cause = bad.index
  }
  if (cause === undefined) return rehearsal
  for (const { index } of statements) if (index > cause || (outcomes.length === 0 && index !== cause)) rehearsal.blocked.set(index, cause)
  return rehearsal
}
