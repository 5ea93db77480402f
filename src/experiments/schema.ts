import type { Connection, Step } from '../clones/clone.ts'
import { ServiceError } from '../errors.ts'
import { SCHEMA_QUERY } from './schema-queries.ts'

/** One thing that a migration means to leave. */
interface SchemaPart {
  /** What it is and how it is called: `column public.orders.note`. */
  object: string
  /** Names, no numbers. */
  definition: string
  /** Tells two definitions apart: where a clone has rows, words of the texts are masked, and which ones depends on what ran before. */
  mark: string
}

/** Everything of a schema that a migration means to leave, by a mark of what it is called. */
export type Schema = ReadonlyMap<string, SchemaPart>

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
  return new Map(
    (outcomes[2]?.values ?? []).map(({ object, definition, key, mark }) => [
      key ?? '',
      { object: object ?? '', definition: definition ?? '', mark: mark ?? '' },
    ]),
  )
}

/** What differs, in the order of names. The order of columns is left out: see `reorderedTables`. */
export function compareSchemas(before: Schema, after: Schema): SchemaDifference[] {
  return differing(before, after)
    .filter(({ object }) => !object.startsWith(ORDER))
    .map(({ object, one, other }) => ({ object, before: one?.definition ?? null, after: other?.definition ?? null }))
}

/** Tables with the same columns in another order: what only `select *` and INSERT without columns see, and no migration can take back. */
export function reorderedTables(before: Schema, after: Schema): string[] {
  const sorted = (part: SchemaPart | undefined): string => (part?.definition ?? '').split(', ').sort().join(', ')
  return differing(before, after)
    .filter(({ object, one, other }) => object.startsWith(ORDER) && one && sorted(one) === sorted(other))
    .map(({ object }) => object.slice(ORDER.length))
}

function differing(before: Schema, after: Schema): Array<{ object: string; one: SchemaPart | undefined; other: SchemaPart | undefined }> {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key)?.mark !== after.get(key)?.mark)
    .map((key) => ({ one: before.get(key), other: after.get(key) }))
    .map(({ one, other }) => ({ object: (other ?? one)?.object ?? '', one, other }))
    .sort((a, b) => (a.object < b.object ? -1 : 1))
}
