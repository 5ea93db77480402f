/** Tables, rows and the queries that an adviser of indexes is asked about. Each element is one statement. */
export interface Workload {
  name: string
  /** Tables with their primary keys and no other index. */
  schema: readonly string[]
  /** Rows that come out the same each time, and what is checked once they are there: foreign keys. */
  load: readonly string[]
  /** With literal values. */
  queries: readonly string[]
}
