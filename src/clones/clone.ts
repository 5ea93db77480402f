import { ServiceError } from '../errors.ts'

/** The kinds of clones: docs/clones.md says what each can tell. */
export type ProviderName = 'embedded' | 'local' | 'twin' | 'template' | 'dblab' | 'url'

/** Hands out databases one may break. `await using` returns them. */
export interface CloneProvider {
  readonly name: ProviderName
  /** Begins what every clone needs, while the caller still finds out what the next one should hold. */
  warm(): void
  create(base: CloneBase, signal: AbortSignal): Promise<Clone>
}

/** What a new clone should hold before the change runs on it: files in the order they were applied. */
export interface CloneBase {
  scripts: BaseScript[]
  /** SQL that will run later, looked through for extensions the clone has to load when it starts. */
  later?: string[]
}

export interface BaseScript {
  path: string
  /** The SQL that is run: the up part, templates filled. */
  sql: string
  /** The statements of `sql`, split by the caller; psql commands and COPY blocks are left out. A clone runs these. */
  statements: BaseStatement[]
}

/** `line` is the one-based line of the file it starts on. */
interface BaseStatement {
  text: string
  line: number
}

/** What could not be replayed, and why. The rest of its file and of the history still runs. */
export interface SkippedBase {
  path: string
  line: number
  statement: string
  reason: string
}

/**
 * What a clone holds besides its schema. `nothing`; `statistics`: a twin, whose queries may be planned and never run; `rows`: those of a server
 * somebody named, so that no value of theirs may reach evidence.
 */
export type CloneData = 'nothing' | 'statistics' | 'rows'

/** One session of a clone. */
export interface Connection extends AsyncDisposable {
  /** Of the server process; undefined where Postgres runs without one. */
  readonly pid: number | undefined
  /** One of our own queries, rows as objects. Throws a ServiceError when the clone is gone. */
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>
  /** One statement that is not ours. A database error is an answer, not an exception; a dead clone or a time-out is a ServiceError. */
  run(sql: string, signal: AbortSignal): Promise<StatementOutcome>
  /**
   * Several steps, one outcome each, in order. After a step failed, only those marked `always` run; the others come back as `skipped`. A clone
   * that dies is a ServiceError.
   */
  batch(steps: readonly Step[], signal: AbortSignal): Promise<StepOutcome[]>
}

/** Its own connection is the one that scripts run on. */
export interface Clone extends Connection {
  readonly provider: ProviderName
  readonly data: CloneData
  /** Major version. */
  readonly postgres: number
  /** `18.6`, for the reader. */
  readonly version: string
  /** What the base holds that could not be replayed here. */
  readonly skipped: SkippedBase[]
  /** Whether the base came from the cache. */
  readonly cached: boolean
  /** Sentences for the reader: the cache cannot be written. */
  readonly notes?: readonly string[]
  /** What undoes the settings a script may have left, before the next. */
  readonly resetSession: readonly string[]
  /**
   * A further session; undefined where there can be only one. `script`: with the rights and limits of scripts, for what an application would do.
   * `observer`: for our own queries alone, and where the clone's server is ours, out of reach of what scripts may do.
   */
  connect?(as: 'script' | 'observer', signal: AbortSignal): Promise<Connection>
  /**
   * Of a twin: gives its relations production's sizes and statistics, after which queries are planned as there and nothing else may run. Until then
   * its tables are small and scripts run on it as on a local clone.
   */
  atProductionSize?(signal: AbortSignal): Promise<void>
  /**
   * What follows from the base alone, kept with its cached copy: computed when nothing is kept, or when something has run since. A clone
   * without a cache need not have it. `name` has to change with what is computed.
   */
  memo?(name: string, compute: () => Promise<string>): Promise<string>
  /**
   * Starts anew from the base, usually because it died; what ran on it since is gone. Rejects with a ServiceError when that happened too
   * often. A clone that dies without it stays dead.
   */
  restart?(signal: AbortSignal): Promise<void>
}

/** A clone is gone. `step` is the position in its batch of the one that ended it; undefined when that is not known. */
export class CloneDied extends ServiceError {
  readonly step: number | undefined

  constructor(service: string, message: string, step?: number) {
    super(service, message)
    this.step = step
  }
}

export interface Step {
  /** One statement; or several that are sent as one query, an implicit transaction. */
  sql: string | string[]
  /** One of our own, planned once under this name: its rows come back as text. Without a name the statement is somebody else's. */
  name?: string
  parameters?: string[]
  /** Runs although a step before it failed: COMMIT, which then rolls back. */
  always?: boolean
}

export interface StepOutcome extends StatementOutcome {
  skipped: boolean
  /** Of a named step. */
  values: Array<Record<string, string | null>>
  /** Of several statements sent as one: an outcome for each up to the one that failed; `ms` is the whole's, shared equally. */
  parts: StatementOutcome[]
}

export interface StatementOutcome {
  ms: number
  /** Rows affected, when the command says. */
  rows?: number
  notices: Notice[]
  error?: DatabaseError
}
export interface Notice {
  severity: string
  code: string
  message: string
}
/** `position` counts characters of the statement, one-based. */
export interface DatabaseError {
  code: string
  message: string
  detail?: string
  hint?: string
  position?: number
}

/** The message of the error for what a clone is never sent. It is no fault of the statement. */
export const PROGRAM_REFUSED = 'COPY … PROGRAM is not run on a clone'

/**
 * The statement that gives what lives outside migrations and whose absence this error of `sql` is about: a role, or the right of a table's new
 * owner to its schema. Undefined for other errors.
 */
export function giveMissing(error: DatabaseError, sql: string): string | undefined {
  const role = /^role "(.+)" does not exist$/.exec(error.message)?.[1]
  if (role !== undefined) return `create role ${quoted(role)} nologin`
  const schema = error.code === '42501' ? /^permission denied for schema (.+)$/.exec(error.message)?.[1] : undefined
  const owner = schema === undefined ? undefined : /\bowner\s+to\s+("(?:[^"]|"")+"|\w+)/i.exec(sql)?.[1]
  return owner === undefined ? undefined : `grant create, usage on schema ${quoted(schema ?? '')} to ${owner}`
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
