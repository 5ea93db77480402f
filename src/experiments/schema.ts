import type { Connection, Step } from '../clones/clone.ts'
import { ServiceError } from '../errors.ts'
import { SCHEMA_QUERY } from './schema-queries.ts'

/** Everything of a schema that a migration means to leave, by what it is called: `column public.orders.note` -> its definition. Names, no numbers. */
export type Schema = ReadonlyMap<string, string>

export interface SchemaDifference {
  /** `column public.orders.note`. */
  object: string
  /** Null where there is none. */
  before: string | null
  after: string | null
}

const ORDER = 'order of columns '

/** Named, since they are ours; a search path of the script's would leave schemas out of names. */
const STEPS: Step[] = [
  { sql: 'begin', name: 'schema begin' },
  { sql: 'set local search_path = pg_catalog', name: 'schema path' },
  { sql: SCHEMA_QUERY, name: 'schema' },
  { sql: 'rollback', name: 'schema end', always: true },
]

/** The schema as it is now, without what is Postgres's own or an extension's. Outside of any transaction. */
export async function readSchema(connection: Pick<Connection, 'batch'>, signal: AbortSignal): Promise<Schema> {
  const outcomes = await connection.batch(STEPS, signal)
  const error = outcomes.find((outcome) => outcome.error)?.error
  if (error) throw new ServiceError('clone', `the schema cannot be read: ${error.message} (${error.code})`)
  return new Map((outcomes[2]?.values ?? []).map(({ object, definition }) => [object ?? '', definition ?? '']))
}

/** What differs, in the order of names. The order of columns is left out: see `reorderedTables`. */
export function compareSchemas(before: Schema, after: Schema): SchemaDifference[] {
  return differing(before, after)
    .filter((object) => !object.startsWith(ORDER))
    .map((object) => ({ object, before: before.get(object) ?? null, after: after.get(object) ?? null }))
}

/** Tables with the same columns in another order: what only `select *` and INSERT without columns see, and no migration can take back. */
export function reorderedTables(before: Schema, after: Schema): string[] {
  const sorted = (columns: string | undefined): string => (columns ?? '').split(', ').sort().join(', ')
  return differing(before, after)
    .filter((object) => object.startsWith(ORDER) && before.has(object) && sorted(before.get(object)) === sorted(after.get(object)))
    .map((object) => object.slice(ORDER.length))
}

function differing(before: Schema, after: Schema): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().filter((object) => before.get(object) !== after.get(object))
}
