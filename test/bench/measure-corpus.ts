import type { Clone, Step } from '../../src/clones/clone.ts'
import type { LiveCatalog } from '../../src/experiments/live-catalog.ts'
import { measureInTransaction } from '../../src/experiments/measure-statement.ts'
import { readCatalog } from '../../src/experiments/read-catalog.ts'
import type { Effects } from '../../src/sql/effects.ts'
import { readScript } from '../../src/sql/reader/read-script.ts'
import type { Statement } from '../../src/sql/statement.ts'
import { type Case, readSetup } from './corpus.ts'

/** A case that ran. */
export interface Measured {
  one: Case
  statement: Statement
  /** Those that came before it in its script. */
  earlier: Statement[]
  /** The catalog before the script, and before the statement. */
  atStart: LiveCatalog
  catalog: LiveCatalog
  /** Undefined when the server refuses the statement. */
  effects: Effects | undefined
  refusal?: string | undefined
}

const signal = new AbortController().signal
/** Checks of foreign keys and functions: plans that earlier statements left would hide what planning locks. */
const KEEPS_PLANS = /^(INSERT|UPDATE|DELETE|MERGE|WITH|DO|CALL)\b/
const SCHEMAS = `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`
const PUBLICATIONS = 'SELECT pubname AS name FROM pg_publication'

/** The corpus's cases for a server of this major. */
export function casesFor(cases: Case[], { postgres }: Pick<Clone, 'postgres'>): Case[] {
  return cases.filter((one) => one.since <= postgres && postgres <= one.until)
}

/** Runs each case, measured as the `effects` experiment does: in a transaction that is rolled back, or alone where it must be. */
export async function* measureCorpus(clone: Clone, cases: Case[]): AsyncGenerator<Measured> {
  const within = withoutCommits(clone)
  let setup = ''
  let atStart: LiveCatalog | undefined
  for (const one of cases) {
    if (one.setup !== setup) {
      await loadSetup(clone, one.setup)
      atStart = undefined
      setup = one.setup
    }
    atStart ??= await readCatalog(clone)
    yield one.alone ? await measureAlone(clone, one, atStart) : await measureWithin(within, one, atStart)
    for (const text of one.after) await mustRun(clone, text)
    // What ran alone stays done, be it undone by another statement.
    if (one.alone) atStart = undefined
  }
}

async function measureWithin(clone: Clone, one: Case, atStart: LiveCatalog): Promise<Measured> {
  const statements = await readCase(one)
  const local = one.before.filter((text) => /^SET LOCAL/.test(text))
  const committed = one.before.filter((text) => !local.includes(text))
  for (const text of committed) await mustRun(clone, text)
  const read = committed.length > 0 ? await readCatalog(clone) : atStart
  await mustRun(clone, 'BEGIN')
  const prefix = [...(KEEPS_PLANS.test(one.statement) ? ['DISCARD PLANS'] : []), ...local]
  const run = { clone, signal, atStart, now: read, ran: [] }
  const { effects, unmeasured } = await measureInTransaction(run, statements.statement, prefix, 'none')
  await mustRun(clone, 'ROLLBACK')
  const timeZone = /TimeZone = '(.*)'/.exec(local.join())?.[1] ?? read.timeZone
  const searchPath = /search_path = (.*)/.exec(local.join())?.[1]?.split(', ') ?? read.searchPath
  return { one, ...statements, atStart, catalog: { ...read, timeZone, searchPath }, effects, refusal: unmeasured }
}

async function measureAlone(clone: Clone, one: Case, atStart: LiveCatalog): Promise<Measured> {
  const statements = await readCase(one)
  const run = { clone, signal, atStart, now: atStart, ran: [] }
  const { effects, error } = await measureInTransaction(run, statements.statement, [], 'none')
  return { one, ...statements, atStart, catalog: atStart, effects, refusal: error?.message }
}

async function readCase({ before, statement: text }: Case): Promise<Pick<Measured, 'statement' | 'earlier'>> {
  const statements = await readScript([...before, text].join(';\n'), 'file')
  const statement = statements.at(-1)
  if (!statement || statement.syntaxError) throw new Error(`${text}: ${statement?.syntaxError?.message}`)
  return { statement, earlier: statements.slice(0, -1) }
}

async function loadSetup(clone: Clone, name: string): Promise<void> {
  for (const row of await clone.query<{ name: string }>(PUBLICATIONS)) await mustRun(clone, `DROP PUBLICATION "${row.name}"`)
  for (const row of await clone.query<{ name: string }>(SCHEMAS)) await mustRun(clone, `DROP SCHEMA "${row.name}" CASCADE`)
  await mustRun(clone, 'CREATE SCHEMA public')
  for (const { text } of await readScript(forMajor(readSetup(name), clone.postgres))) await mustRun(clone, text)
}

/** Without the statements that `-- since: 13` keeps from older servers. */
function forMajor(setup: string, postgres: number): string {
  return setup.replace(/^-- since: (\d+)\n.*$/gm, (both, since: string) => (Number(since) <= postgres ? both : ''))
}

async function mustRun(clone: Clone, sql: string): Promise<void> {
  const { error } = await clone.run(sql, signal)
  if (error) throw new Error(`${error.message} in ${sql}`)
}

/** The clone inside a transaction that its user neither begins nor ends. */
function withoutCommits(clone: Clone): Clone {
  const kept = (sql: string): boolean => sql !== 'begin' && sql !== 'commit'
  const harmless = (step: Step): Step => (Array.isArray(step.sql) ? { ...step, sql: [...step.sql.filter(kept), 'select'] } : step)
  return { ...clone, batch: async (steps, stop) => await clone.batch(steps.map(harmless), stop) }
}
