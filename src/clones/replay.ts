import { type BaseScript, type DatabaseError, giveMissing, type SkippedBase } from './clone.ts'
import { refusal } from './refusal.ts'

/** What files of the base run on; the embedded clone answers at once, a server later. */
export interface Replayer {
  /** Several statements as one query. */
  script(sql: string): Answer
  statement(sql: string): Answer
  /** Undoes what a file left set. */
  reset(): Answer
  /** Says which extension is missing, and of what. */
  name: string
}
type Answer = Promise<DatabaseError | undefined> | DatabaseError | undefined

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
export async function replay(session: Replayer, script: BaseScript): Promise<SkippedBase[]> {
  const skipped: SkippedBase[] = []
  const statements = script.statements.filter((statement) => {
    if (ROWS.test(statement.text)) return false
    const error = refusal(statement.text)
    if (error) skipped.push(skip(script, statement, error, session.name))
    return !error
  })
  const texts = statements.map((statement) => statement.text)
  const whole = !texts.some((text) => CONTROL.test(text))
  if (texts.length > 0 && !(whole && (await runWhole(session, texts)))) {
    const undone = rolledBack(texts)
    for (const [index, statement] of statements.entries()) {
      if (CONTROL.test(statement.text) || undone.has(index)) continue
      // Each statement is now its own transaction, so what was meant for the file's has to be set for the session.
      const error = await runOne(session, statement.text.replace(/^\s*set\s+local\b/i, 'set'))
      if (error) skipped.push(skip(script, statement, error, session.name))
    }
  }
  await session.reset()
  return skipped
}

async function runWhole(session: Replayer, texts: readonly string[]): Promise<boolean> {
  const sql = texts.join(';\n')
  return (await withRoles(session, sql, () => session.script(sql))) === undefined
}

async function runOne(session: Replayer, text: string): Promise<DatabaseError | undefined> {
  return await withRoles(session, text, () => session.statement(text))
}

/** Roles live outside migrations: what is missing of them is made, and what named it runs again. */
async function withRoles(session: Replayer, sql: string, run: () => Answer): Promise<DatabaseError | undefined> {
  let error = await run()
  for (let made = 0; error && made < MAX_ROLES; made += 1) {
    const give = giveMissing(error, sql)
    if (!give || (await session.statement(give))) break
    error = await run()
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

function skip(script: BaseScript, statement: { text: string; line: number }, error: DatabaseError, clone: string): SkippedBase {
  const extension = /^extension "(.+)" is not available$/.exec(error.message)?.[1]
  const reason = extension === undefined ? `${error.message} (${error.code})` : `${clone} has no extension "${extension}"`
  return { path: script.path, line: statement.line, statement: statement.text.slice(0, 200), reason }
}
