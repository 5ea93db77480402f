import type { CatalogConstraint } from '../../sql/catalog.ts'
import type { Operation } from '../../sql/operation.ts'

/** Something a statement begins to require of rows that are there. */
export interface Requirement {
  /** `not null (email)`, `check (total > 0)`: SQL of the change, never of the data. */
  what: string
  /** `schema.name` of the table whose rows are looked at. */
  table: string
  /** Counts, as `rows`, those that do not meet it. Expressions of the change stand in it as they are. */
  count: string
}

/** What is known of the database where the statement is about to run. */
export interface Known {
  /** A constraint of a table, for VALIDATE and for the key that a foreign key means. */
  constraints(table: string): Promise<readonly CatalogConstraint[]>
  /** Columns of a domain's type, those of domains over it too. */
  columnsOf(domain: string): Promise<Array<{ table: string; column: string }>>
  /** Key expressions and predicate of the index a statement would build, as it stands after building it without UNIQUE. */
  keysOf(operation: Operation): Promise<{ keys: string[]; predicate: string | undefined } | undefined>
  postgres: number
}

/** What an operation begins to require. Those it makes of its own new table are nobody's problem. */
export async function requirementsOf(operation: Operation, known: Known): Promise<Requirement[]> {
  const { action, table, column, constraint } = operation
  if (action === 'alter domain') return await ofDomain(operation, known)
  if (!table || table.new) return []
  const here = table.key
  if (action === 'set not null' && column) return [notNull(here, [column.name])]
  if (action === 'add column' && column) {
    const filled = column.default !== 'none' || column.serial || column.identity || column.generated
    return column.nullable === false && !filled ? [{ what: `not null (${column.name})`, table: here, count: counting(here, 'true') }] : []
  }
  if (action === 'alter column type') return ofType(operation, known)
  if (action === 'create index' && operation.unique) {
    const built = await known.keysOf(operation)
    return built ? [unique(here, built.keys, { predicate: built.predicate, equalNulls: operation.index?.nullsNotDistinct })] : []
  }
  // Of a column that is added with it there are no values.
  if (!constraint || operation.column) return []
  if (action === 'validate constraint') {
    const found = (await known.constraints(here)).find(({ name }) => name === constraint.name)
    return found && !found.valid ? await ofConstraint(here, found, known) : []
  }
  return action === 'add constraint' ? await ofConstraint(here, constraint, known) : []
}

interface Constraint {
  type?: string
  columns?: readonly string[]
  references?: { table: string | { key: string }; columns: readonly string[] }
  expression?: string | undefined
  definition?: string
  match?: string | undefined
  nullsNotDistinct?: boolean | undefined
  index?: string | undefined
  valid?: boolean | undefined
}

async function ofConstraint(table: string, constraint: Constraint, known: Known): Promise<Requirement[]> {
  const { type, columns = [] } = constraint
  if (type === 'not null') return [notNull(table, columns)]
  if (type === 'check') {
    const expression =
      constraint.expression ?? /^CHECK \(([\s\S]*)\)(?: NO INHERIT)?(?: NOT VALID)?$/.exec(constraint.definition ?? '')?.[1]
    return expression === undefined ? [] : [{ what: `check (${expression})`, table, count: counting(table, `not (${expression}\n)`) }]
  }
  if (type === 'foreign key' && constraint.references) return [await foreignKey(table, constraint, constraint.references, known)]
  if ((type !== 'unique' && type !== 'primary key') || (constraint.index !== undefined && constraint.definition === undefined)) return []
  const keys = unique(table, columns.map(quoted), { equalNulls: constraint.nullsNotDistinct })
  return type === 'primary key' ? [notNull(table, columns), { ...keys, what: keys.what.replace('unique', 'primary key') }] : [keys]
}

async function foreignKey(
  table: string,
  { columns = [], match }: Constraint,
  references: NonNullable<Constraint['references']>,
  known: Known,
): Promise<Requirement> {
  const parent = typeof references.table === 'string' ? references.table : references.table.key
  const primary = references.columns.length > 0 ? undefined : (await known.constraints(parent)).find(({ type }) => type === 'primary key')
  const others = references.columns.length > 0 ? references.columns : (primary?.columns ?? [])
  const joined = columns.map((column, index) => `p.${quoted(others[index] ?? column)} = c.${quoted(column)}`).join(' and ')
  const given = columns.map((column) => `c.${quoted(column)} is not null`).join(' and ')
  const half =
    match === 'full' && columns.length > 1
      ? ` or (not (${given}) and (${columns.map((column) => `c.${quoted(column)} is not null`).join(' or ')}))`
      : ''
  return {
    what: `foreign key (${columns.join(', ')}) references ${parent}`,
    table,
    count: `select pg_catalog.count(*) as rows from ${quotedKey(table)} c where (${given} and not exists (select from ${quotedKey(parent)} p where ${joined}))${half}`,
  }
}

function notNull(table: string, columns: readonly string[]): Requirement {
  const missing = columns.map((column) => `${quoted(column)} is null`).join(' or ')
  return { what: `not null (${columns.join(', ')})`, table, count: counting(table, missing) }
}

/** Rows that would have to go for the others to be unique. */
function unique(
  table: string,
  keys: readonly string[],
  { predicate, equalNulls = false }: { predicate?: string | undefined; equalNulls?: boolean | undefined },
): Requirement {
  const conditions = [
    ...(predicate === undefined ? [] : [`(${predicate}\n)`]),
    ...(equalNulls ? [] : keys.map((key) => `(${key}) is not null`)),
  ]
  const where = conditions.length > 0 ? ` where ${conditions.join(' and ')}` : ''
  return {
    what: `unique (${keys.join(', ')})${predicate === undefined ? '' : ` where ${predicate}`}`,
    table,
    count: `select coalesce(pg_catalog.sum(n - 1), 0)::pg_catalog.int8 as rows from (select pg_catalog.count(*) as n from ${quotedKey(table)}${where} group by ${keys.map((key) => `(${key})`).join(', ')} having pg_catalog.count(*) > 1) groups`,
  }
}

const INTEGERS: Record<string, [string, string]> = {
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
  bigint: ['-9223372036854775808', '9223372036854775807'],
}

/** Values that do not fit the new type. What USING computes is only known where it is a plain cast. */
function ofType({ table, column, using }: Operation, { postgres }: Known): Requirement[] {
  if (!table || !column) return []
  const here = table.key
  const name = quoted(column.name)
  const cast = /^\s*\(?\s*("?[\w$]+"?)\s*\)?\s*::\s*[\w ]+(?:\([\d, ]+\))?\s*$/.exec(String(using ?? ''))?.[1]
  if (using !== undefined && cast?.replaceAll('"', '') !== column.name) return []
  const what = `type ${column.fullType} (${column.name})`
  const [size, scale = 0] = column.modifiers ?? []
  const text = /^character( varying)?$/.test(column.type ?? '') && size !== undefined
  if (text) return [{ what, table: here, count: counting(here, `pg_catalog.char_length(pg_catalog.rtrim(${name}::text)) > ${size}`) }]
  const range = INTEGERS[column.type ?? '']
  if (using !== undefined && postgres >= 16) {
    const valid = `not pg_catalog.pg_input_is_valid(${name}::text, '${(column.fullType ?? '').replaceAll("'", "''")}')`
    return [{ what, table: here, count: counting(here, valid) }]
  }
  if (using !== undefined) return []
  if (range) return [{ what, table: here, count: counting(here, `${name} < ${range[0]} or ${name} > ${range[1]}`) }]
  if (column.type === 'numeric' && size !== undefined)
    return [
      { what, table: here, count: counting(here, `pg_catalog.abs(pg_catalog.round(${name}, ${scale})) >= 1e${size - scale}::numeric`) },
    ]
  return []
}

async function ofDomain({ what, type, constraint }: Operation, known: Known): Promise<Requirement[]> {
  const expression = constraint?.expression
  if (what !== 'set not null' && !(what === 'add constraint' && expression !== undefined)) return []
  const columns = await known.columnsOf(String(type))
  return columns.map(({ table, column }) => {
    if (what === 'set not null') return notNull(table, [column])
    return {
      what: `check (${expression}) of ${String(type)} (${column})`,
      table,
      count: `select pg_catalog.count(*) as rows from (select ${quoted(column)} as value from ${quotedKey(table)}) rows where not (${expression}\n)`,
    }
  })
}

function counting(table: string, condition: string): string {
  return `select pg_catalog.count(*) as rows from ${quotedKey(table)} where ${condition}`
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** `schema.name`, as the reader gives it, for SQL. */
export function quotedKey(key: string): string {
  const dot = key.indexOf('.')
  return `${quoted(key.slice(0, dot))}.${quoted(key.slice(dot + 1))}`
}
