/** Hands out databases one may break. `await using` returns them. */
export interface CloneProvider {
  readonly name: 'embedded'
  create(base: CloneBase, signal: AbortSignal): Promise<Clone>
}

/** What a new clone should hold before the change runs on it: files in the order they were applied. */
export interface CloneBase {
  scripts: BaseScript[]
}

export interface BaseScript {
  path: string
  /** The SQL that is run: the up part, templates filled. */
  sql: string
  /** psql commands are tolerated in a schema dump. */
  dump?: boolean
}

/** What could not be replayed, and why. The rest of its file and of the history still runs. */
export interface SkippedBase {
  path: string
  line: number
  statement: string
  reason: string
}

export interface Clone extends AsyncDisposable {
  readonly provider: 'embedded'
  /** Major version. */
  readonly postgres: number
  /** `18.6`, for the reader. */
  readonly version: string
  /** What the base holds that could not be replayed here. */
  readonly skipped: SkippedBase[]
  /** Whether the base came from the cache. */
  readonly cached: boolean
  /** One of our own queries, rows as objects. Throws a ServiceError when the clone is gone. */
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>
  /** One statement that is not ours. A database error is an answer, not an exception; a dead clone or a time-out is a ServiceError. */
  run(sql: string, signal: AbortSignal): Promise<StatementOutcome>
}

export interface StatementOutcome {
  ms: number
  /** Rows affected, when the command says. */
  rows?: number
  notices: Notice[]
  error?: DatabaseError
}
export interface Notice { severity: string; code: string; message: string }
/** `position` counts characters of the statement, one-based. */
export interface DatabaseError { code: string; message: string; detail?: string; hint?: string; position?: number }
