import type { Connection, StatementOutcome, StepOutcome } from '../clone.ts'
import { MESSAGE_WORDS } from './message-words.ts'

/**
 * Keeps what may come from a row out of what is told of a clone with somebody's rows: a message quotes values, a function raises them, dynamic
 * SQL makes names of them. Told are the words of the statements that ran, of the schema as it was before the first of them, and of Postgres's own
 * messages, and numbers that stood there; every other word is `…1`, the same one wherever it occurs. Details and hints are left out.
 */
export interface Mask {
  /** Somebody else's statement is about to run: its words are no secret, and the schema is no longer what it was. */
  learn(sql: string): void
  /** One of our own queries is about to run: its words may stand in its answer. */
  trust(sql: string): void
  text(message: string): string
  /** The answer to a step, one of our own (`named`) or somebody else's. */
  outcome(outcome: StepOutcome, named: boolean): StepOutcome
}

const NUMBER = String.raw`\p{N}+(?:[.:/-]\p{N}+)*`
const TOKEN = new RegExp(String.raw`${NUMBER}(?![\p{L}_])|[\p{L}\p{N}]+`, 'gu')
const WHOLE_NUMBER = new RegExp(`^${NUMBER}$`, 'u')
/** What pg_locks says of locks. */
const LOCK_WORDS =
  'AccessShareLock RowShareLock RowExclusiveLock ShareUpdateExclusiveLock ShareLock ShareRowExclusiveLock ExclusiveLock AccessExclusiveLock transactionid virtualxid advisory tuple'
    .toLowerCase()
    .split(' ')
/** Of the messages that are ours: what is refused, and why a clone was stopped. */
const OUR_WORDS =
  'what belongs to the whole server is not changed from a clone copy program is not run rows are not sent it was stopped closed'.split(' ')
/** Numbers, truth values and lists of them come from the catalog itself. */
const PLAIN_VALUE = /^(?:-?[\d.]+|[tf]|\{?(?:-?\d+[, ]?)*\}?)$/
/** What Postgres appends to names that it makes. */
const MADE = /^(?:pkey|fkey|key|idx|seq|excl|check|ccnew|ccold|expr|pk|toast|not|null)\d*$/

/** Reads the schema that `connection` sees now. */
export async function newMask(connection: Connection): Promise<Mask> {
  const [row] = await connection.query<{ words: string }>(SCHEMA_WORDS)
  const words = new Set([...MESSAGE_WORDS, ...OUR_WORDS, ...LOCK_WORDS])
  const numbers = new Set<string>()
  const names = new Map<string, string>()
  const told = new Map<string, string>()
  const trusted = new Set<string>()
  let untouched = true
  const take = (text: string): void => {
    for (const [token] of text.matchAll(TOKEN)) (WHOLE_NUMBER.test(token) ? numbers : words).add(token.toLowerCase())
  }
  take(row?.words ?? '')
  numbers.clear()

  const isKnown = (token: string): boolean => {
    if (WHOLE_NUMBER.test(token)) return numbers.has(token)
    const word = token.toLowerCase()
    // `orders_email_idx1`: the number keeps two of Postgres's names apart.
    return word.length === 1 || words.has(word) || words.has(word.replace(/\d{1,2}$/, '')) || MADE.test(word)
  }
  const text = (message: string): string => {
    const known = told.get(message)
    if (known !== undefined) return known
    const masked = message.replace(TOKEN, (token, at: number) => {
      if (isKnown(token) || (/^\d$/.test(token) && message.slice(0, at).endsWith(' with request for '))) return token
      const name = names.get(token) ?? `…${names.size + 1}`
      names.set(token, name)
      return name
    })
    told.set(message, masked)
    return masked
  }
  const value = (answer: string | null): string | null => {
    if (answer === null || PLAIN_VALUE.test(answer)) return answer
    if (!untouched) return text(answer)
    take(answer)
    return answer
  }
  const ofStatement = <Outcome extends StatementOutcome>(outcome: Outcome): Outcome => {
    const { error, notices } = outcome
    const masked = { ...outcome, notices: notices.map((notice) => ({ ...notice, message: text(notice.message) })) }
    if (!error) return masked
    const { code, message, position } = error
    return { ...masked, error: { code, message: text(message), ...(position !== undefined && { position }) } }
  }
  return {
    learn(sql) {
      untouched = false
      told.clear()
      take(sql)
    },
    trust(sql) {
      if (trusted.has(sql)) return
      trusted.add(sql)
      const before = words.size
      for (const [word] of sql.matchAll(TOKEN)) if (!WHOLE_NUMBER.test(word)) words.add(word.toLowerCase())
      if (words.size > before) told.clear()
    },
    text,
    outcome(outcome, named) {
      const answers = named
        ? outcome.values.map((row) =>
            Object.fromEntries(Object.entries(row).map(([name, one]) => [name, name === PLAN_COLUMN ? maskPlan(one, text) : value(one)])),
          )
        : []
      return { ...ofStatement(outcome), parts: outcome.parts.map(ofStatement), values: answers }
    },
  }
}

/** EXPLAIN (FORMAT JSON): its numbers are estimates and counts, its words Postgres's own but for names and expressions. */
const PLAN_COLUMN = 'QUERY PLAN'
const PLAN_WORDS =
  /^(?:Node Type|Parent Relationship|Strategy|Partial Mode|Join Type|Scan Direction|Sort Method|Sort Space Type|Operation|Command|Format|Storage)$/

function maskPlan(json: string | null, text: (message: string) => string): string | null {
  if (json === null) return null
  const masked: unknown = JSON.parse(json, (key, value: unknown) =>
    typeof value === 'string' && !PLAN_WORDS.test(key) ? text(value) : value,
  )
  return JSON.stringify(masked)
}

/** Names of everything, keywords, and the bodies of functions, whose messages are the schema's and not a row's. */
const SCHEMA_WORDS = `select pg_catalog.string_agg(word, ' ') as words from (
  select relname::pg_catalog.text as word from pg_catalog.pg_class
  union select attname::pg_catalog.text from pg_catalog.pg_attribute
  union select conname::pg_catalog.text from pg_catalog.pg_constraint
  union select typname::pg_catalog.text from pg_catalog.pg_type
  union select proname::pg_catalog.text from pg_catalog.pg_proc
  union select prosrc from pg_catalog.pg_proc where oid >= 16384 and probin is null
  union select tgname::pg_catalog.text from pg_catalog.pg_trigger where not tgisinternal
  union select polname::pg_catalog.text from pg_catalog.pg_policy
  union select stxname::pg_catalog.text from pg_catalog.pg_statistic_ext
  union select nspname::pg_catalog.text from pg_catalog.pg_namespace
  union select enumlabel::pg_catalog.text from pg_catalog.pg_enum
  union select extname::pg_catalog.text from pg_catalog.pg_extension
  union select collname::pg_catalog.text from pg_catalog.pg_collation
  union select lanname::pg_catalog.text from pg_catalog.pg_language
  union select amname::pg_catalog.text from pg_catalog.pg_am
  union select rolname::pg_catalog.text from pg_catalog.pg_roles
  union select datname::pg_catalog.text from pg_catalog.pg_database
  union select word from pg_catalog.pg_get_keywords()
  union select name from pg_catalog.pg_settings) words`
