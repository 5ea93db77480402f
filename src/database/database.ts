/** Where the service keeps what it must not forget: a Postgres of the user's, or an embedded one on disk. */

/** Something that takes SQL. Errors of the server come as they are, with their `code`; what may work later as ServiceError. */
export interface Session {
  /** Without parameters it may hold several statements, whose rows come one after the other. */
  query<Row = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>
}

/** Each query may go to another connection: what must hold together is done in one transaction, and nothing is left in a session. */
export interface Database extends Session {
  /** An embedded one is at this process's disposal alone. */
  readonly kind: 'postgres' | 'embedded'
  /**
   * Commits when `work` is done, rolls back when it throws. `locks` are names that two transactions do not hold at once, taken in the order given.
   * Only `session` may be used inside: the database itself would wait for ever where it has one connection.
   */
  transaction<T>(work: (session: Session) => Promise<T>, locks?: readonly string[]): Promise<T>
  /** One statement by itself, outside of any transaction, that takes as long as it takes: an index that is built concurrently. */
  build(statement: string, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Schema of all our tables; migrations name it in full. */
export const SCHEMA = 'pgwitness'
