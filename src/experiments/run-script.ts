import { type Clone, giveMissing, type Step, type StepOutcome } from '../clones/clone.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Statement, TransactionMode } from '../sql/statement.ts'
import { type TransactionGroup, transactionsOf } from './transactions.ts'

/** The first error of a script, on a one-based line of it. */
export interface ScriptFailure {
  line: number
  code: string
  message: string
}

const MAX_ROLES = 20

/**
 * Runs a script the way its tool does, up to the first error, in a session like new. A role that does not exist here is made: migrations take it
 * for granted.
 */
export async function runScript(clone: Clone, sql: string, mode: TransactionMode, signal: AbortSignal): Promise<ScriptFailure | undefined> {
  const statements = await readScript(sql, mode)
  try {
    for (const group of transactionsOf(statements, mode)) {
      const failure = await runGroup(clone, group, signal)
      if (failure) return failure
    }
    return undefined
  } finally {
    if (!signal.aborted)
      await clone.batch([{ sql: ['rollback'] }, ...clone.resetSession.map((one): Step => ({ sql: one, always: true }))], signal)
  }
}

async function runGroup(clone: Clone, group: TransactionGroup, signal: AbortSignal): Promise<ScriptFailure | undefined> {
  const run = group.mode === 'implicit' ? runTogether : runApart
  let failure = await run(clone, group, signal)
  for (let made = 0; failure && made < MAX_ROLES; made += 1) {
    const { error, statement } = failure
    const give = giveMissing(error, statement?.text ?? '')
    // Alone, what came before the statement has run for good.
    if (!give || group.mode === 'none' || (await clone.run(give, signal)).error) break
    failure = await run(clone, group, signal)
  }
  return failure && { line: failure.statement?.line ?? 1, code: failure.error.code, message: failure.error.message }
}

interface Failure {
  statement: Statement | undefined
  error: NonNullable<StepOutcome['error']>
}

async function runTogether(clone: Clone, { statements }: TransactionGroup, signal: AbortSignal): Promise<Failure | undefined> {
  const [outcome] = await clone.batch([{ sql: statements.map(({ text }) => text) }], signal)
  return outcome?.error && { statement: statements[Math.max(outcome.parts.length - 1, 0)], error: outcome.error }
}

/** In a block, or each statement on its own. */
async function runApart(
  clone: Clone,
  { mode, begin, statements, end }: TransactionGroup,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const block = mode === 'block'
  const steps: Step[] = [
    ...(block ? [{ sql: begin?.text ?? 'begin' }] : []),
    ...statements.map(({ text }) => ({ sql: text })),
    ...(block ? [{ sql: end?.text ?? 'commit', always: true }] : []),
  ]
  const outcomes = await clone.batch(steps, signal)
  const failed = outcomes.findIndex(({ error }) => error)
  const error = outcomes[failed]?.error
  // What COMMIT refuses, a deferred constraint, is told of the last statement.
  return error && { statement: statements[Math.max(block ? failed - 1 : failed, 0)] ?? end ?? statements.at(-1), error }
}
