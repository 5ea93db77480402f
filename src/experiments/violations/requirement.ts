import type { CatalogConstraint } from '../../sql/catalog.ts'
import type { Operation } from '../../sql/operation.ts'

/** Something a statement begins to require of rows that are there. */
export interface Requirement {
  /** `not null (email)`, `check (total > 0)`: SQL of the change, never of the data. */
  what: string
  /** `schema.name` of the table whose rows are looked at. */
  table: string
  /** Counts, as `rows`, those that do not meet it. Expressions of the change stand in it as they are. Undefined where no query can tell. */
  count: string | undefined
  /** What the count needs before: a function in the session's temporary schema. */
  prepare?: string
  /** NOT VALID: rows that are there may stay until they are validated or changed. */
  later?: boolean
}

/** What is known of the database where the statement is about to run. */
export interface Known {
  /** A constraint of a table, for VALIDATE and for the key that a foreign key means. */
  constraints(table: string): Promise<readonly CatalogConstraint[]>
  /** Columns of a domain's type, those of domains over it too. */
  columnsOf(domain: string): Promise<Array<{ table: string; column: string }>>
  /** Key expressions and predicate of the index a statement would build, as it stands after building it without UNIQUE. */
  keysOf(operation: Operation): Promise<{ keys: string[]; predicate: string | undefined } | undefined>
  /** The columns of an EXCLUDE with their operators; undefined where it has an expression or a predicate. */
  exclusionOf(operation: Operation): Array<{ column: string; operator: string }> | undefined
}

/** What an operation begins to require. Those it makes of its own new table are nobody's problem. */
export async function requirementsOf(operation: Operation, known: Known): Promise<Requirement[]> {
  const { action, table, column, constraint } = operation
  if (action === 'alter domain') return await ofDomain(operation, known)
  if (!table || table.new) return []
  const here = table.key
  if (action === 'set not null' && column) return [notNull(here, [column.name])]
  if (action === 'add column' && column) return newColumn(here, column)
  if (action === 'alter column type') return ofType(operation)
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
  if (action !== 'add constraint' || constraint.enforced === false) return []
  if (constraint.type === 'exclusion') return [exclusion(here, known.exclusionOf(operation), constraint.columns ?? [])]
  const required = await ofConstraint(here, constraint, known)
  return constraint.valid === false ? required.map((one) => ({ ...one, later: true })) : required
}

/** Without a value to give them, every row there is refuses it. */
function newColumn(table: string, column: NonNullable<Operation['column']>): Requirement[] {
  const filled = column.default !== 'none' || column.serial || column.identity || column.generated
  return column.nullable === false && !filled ? [{ what: `not null (${column.name})`, table, count: counting(table, 'true') }] : []
}

/** Rows that another one stands in the way of. */
function exclusion(table: string, pairs: ReturnType<Known['exclusionOf']>, columns: readonly string[]): Requirement {
  if (!pairs) return { what: `exclude (${columns.join(', ')})`, table, count: undefined }
  const met = pairs.map(({ column, operator }) => `a.${quoted(column)} ${operator} b.${quoted(column)}`).join(' and ')
  const others = `select from ${quotedKey(table)} b where (b.tableoid, b.ctid) <> (a.tableoid, a.ctid) and ${met}`
  return {
    what: `exclude (${pairs.map(({ column, operator }) => `${column} with ${operator}`).join(', ')})`,
    table,
    count: `select pg_catalog.count(*) as rows from ${quotedKey(table)} a where exists (${others})`,
  }
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

/** Values that do not fit the new type. */
function ofType({ table, column, using }: Operation): Requirement[] {
  if (!table || !column) return []
  const here = table.key
  const name = quoted(column.name)
  const what = `type ${column.fullType} (${column.name})`
  const [size, scale = 0] = column.modifiers ?? []
  const condition = (sql: string): Requirement[] => [{ what, table: here, count: counting(here, sql) }]
  if (using === undefined && !column.array) {
    const text = /^(?:text|character(?: varying)?)$/.test(column.type ?? '')
    // Blanks at the end are cut off without a word.
    if (text && size !== undefined) return condition(`pg_catalog.char_length(pg_catalog.rtrim(${name}::pg_catalog.text)) > ${size}`)
    if (text && column.type !== 'character') return []
    const range = INTEGERS[column.type ?? '']
    if (range) return condition(`${name} < ${range[0]} or ${name} > ${range[1]}`)
    if (column.type === 'numeric')
      return size === undefined
        ? []
        : condition(`pg_catalog.abs(pg_catalog.round(${name}, ${scale})) >= 1e${size - scale}::pg_catalog.numeric`)
  }
  return [{ what, table: here, ...tried(here, name, String(column.fullType), using === undefined ? undefined : String(using)) }]
}

/** Tries the conversion of each row, as ALTER TABLE would, and catches its error. */
function tried(table: string, column: string, type: string, using: string | undefined): Pick<Requirement, 'prepare' | 'count'> {
  const bare = quoted(table.slice(table.indexOf('.') + 1))
  const value = using === undefined ? column : `(${using}\n)`
  const body = `#variable_conflict use_column
    declare pgwitness_value ${type};
    begin
      select ${value} into pgwitness_value from (select (pgwitness_row).*) ${bare};
      return false;
    exception when others then return true;
    end`
  return {
    prepare: `create function pg_temp.pgwitness_fails(pgwitness_row ${quotedKey(table)}) returns pg_catalog.bool language plpgsql as E'${body
      .replaceAll('\\', '\\\\')
      .replaceAll("'", "''")}'`,
    count: `select pg_catalog.count(*) as rows from ${quotedKey(table)} pgwitness_row where pg_temp.pgwitness_fails(pgwitness_row)`,
  }
}

async function ofDomain({ what, type, constraint }: Operation, known: Known): Promise<Requirement[]> {
  const expression = constraint?.expression
  if (what !== 'set not null' && !(what === 'add constraint' && expression !== undefined)) return []
  const columns = await known.columnsOf(String(type))
  return columns.map(({ table, column }): Requirement => {
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
