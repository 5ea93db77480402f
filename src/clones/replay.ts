import { type BaseScript, createMissingRole, type DatabaseError, type SkippedBase } from './clone.ts'
import { RESET_SESSION, refusal, type Session } from './session.ts'

const BEGIN = /^\s*(?:begin|start\s+transaction)\b/i
const END = /^\s*(?:commit|end|rollback|abort)\b(?!\s+to\b|\s+prepared\b)/i
const ROLLBACK = /^\s*(?:rollback|abort)\b/i
const CONTROL = /^\s*(?:begin|start\s+transaction|commit|end|rollback|abort|savepoint|release)\b/i
/** Rows of a dump never reach a clone, and nothing depends on them. */
const ROWS = /^\s*copy\b[^;]*\bfrom\s+stdin\b/i
/** A file that names more missing roles than this is not retried for ever. */
const MAX_ROLES = 50

/**
 * Applies one file of the base. As a whole first, which is one round trip and one transaction; when that fails (an error, or a statement
 * that refuses to run in a transaction) a statement at a time, so that only what fails and what depends on it is missing.
 */
export function replay(session: Session, script: BaseScript): SkippedBase[] {
  const skipped: SkippedBase[] = []
  const statements = script.statements.filter((statement) => {
    if (ROWS.test(statement.text)) return false
    const error = refusal(statement.text)
    if (error) skipped.push(skip(script, statement, error))
    return !error
  })
  const texts = statements.map((statement) => statement.text)
  const whole = !texts.some((text) => CONTROL.test(text))
  if (texts.length > 0 && !(whole && runWhole(session, texts))) {
    const undone = rolledBack(texts)
    for (const [index, statement] of statements.entries()) {
      if (CONTROL.test(statement.text) || undone.has(index)) continue
      // Each statement is now its own transaction, so what was meant for the file's has to be set for the session.
      const error = runOne(session, statement.text.replace(/^\s*set\s+local\b/i, 'set'))
      if (error) skipped.push(skip(script, statement, error))
    }
  }
  session.script(RESET_SESSION.join(';\n'))
  return skipped
}

function runWhole(session: Session, texts: readonly string[]): boolean {
  const sql = texts.join(';\n')
  return withRoles(session, () => session.script(sql).error) === undefined
}

function runOne(session: Session, text: string): DatabaseError | undefined {
  return withRoles(session, () => session.statement(text).error)
}

/** Roles live outside migrations: one that is missing is made, and what named it runs again. */
function withRoles(session: Session, run: () => DatabaseError | undefined): DatabaseError | undefined {
  let error = run()
  for (let made = 0; error && made < MAX_ROLES; made += 1) {
    const create = createMissingRole(error)
    if (!create || session.statement(create).error) break
    error = run()
  }
  return error
}

/** Indexes of the statements that the file itself takes back. */
function rolledBack(texts: readonly string[]): Set<number> {
  const undone = new Set<number>()
  let start: number | undefined
  for (const [index, text] of texts.entries()) {
    if (BEGIN.test(text)) start ??= index
    else if (END.test(text)) {
      if (start !== undefined && ROLLBACK.test(text)) for (let i = start; i <= index; i += 1) undone.add(i)
      start = undefined
    }
  }
  return undone
}

function skip(script: BaseScript, statement: { text: string; line: number }, error: DatabaseError): SkippedBase {
  const extension = /^extension "(.+)" is not available$/.exec(error.message)?.[1]
  const reason = extension === undefined ? `${error.message} (${error.code})` : `the embedded Postgres has no extension "${extension}"`
  return { path: script.path, line: statement.line, statement: statement.text.slice(0, 200), reason }
}
