import type { DatabaseError, StatementOutcome, Step, StepOutcome } from './clone.ts'
import { refusal } from './refusal.ts'
import type { Session } from './session.ts'
import { rowsOfTag } from './wire.ts'

/** Runs the steps of a batch; see `Clone.batch`. `reached` is told before each. */
export function runBatch(session: Session, steps: readonly Step[], reached: (index: number) => void): StepOutcome[] {
  let failed = false
  return steps.map((step, index) => {
    if (failed && !step.always) return outcome({ skipped: true })
    reached(index)
    const done = runStep(session, step)
    failed ||= done.error !== undefined
    return done
  })
}

function runStep(session: Session, step: Step): StepOutcome {
  if (Array.isArray(step.sql)) return runScript(session, step.sql)
  if (step.name !== undefined) {
    const started = performance.now()
    const reply = session.rows(step.name, step.sql, step.parameters)
    return outcome({ ms: performance.now() - started, values: reply.rows, notices: reply.notices, ...errorOf(reply) })
  }
  const error = refusal(step.sql)
  return error ? outcome({ error }) : outcome(session.statement(step.sql))
}

function runScript(session: Session, texts: readonly string[]): StepOutcome {
  const refused = texts.findIndex((text) => refusal(text))
  const sent = refused < 0 ? texts : texts.slice(0, refused)
  const started = performance.now()
  const reply = session.script(sent.join(';\n'))
  const ms = performance.now() - started
  const parts: StatementOutcome[] = reply.completed.map(({ tag, notices }) => {
    const rows = rowsOfTag(tag)
    return { ms: ms / sent.length, notices, ...(rows === undefined ? {} : { rows }) }
  })
  const error = reply.error ?? (refused < 0 ? undefined : refusal(texts[refused] ?? ''))
  if (error) parts.push({ ms: 0, notices: reply.notices, error })
  return outcome({ ms, parts, ...errorOf({ error }) })
}

function errorOf({ error }: { error?: DatabaseError | undefined }): { error?: DatabaseError } {
  return error ? { error } : {}
}

function outcome(known: Partial<StepOutcome>): StepOutcome {
  return { ms: 0, notices: [], skipped: false, values: [], parts: [], ...known }
}
