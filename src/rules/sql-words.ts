import { quoteIdentifier } from '../sql/identifier.ts'
import type { ColumnWords, ConstraintWords, Operation } from '../sql/operation.ts'
import type { Statement } from '../sql/statement.ts'

/** Pieces of SQL that a fix's steps may name beside the operation's own words. Names in them are quoted where needed. */
export interface SqlWords {
  /** The column as written, without the constraint the operation is about; its other constraints stay. */
  columnDefinition?: string
  /** Its type and COLLATE. Unsaid when it carries a CHECK, a reference or a constraint with a name of its own: more than a type would be lost. */
  columnType?: string
  /** The constraint as one writes it on a table, without its name: `foreign key (user_id) references users (id)`. */
  constraintDefinition?: string
  /** Its name, or the one Postgres gives it when it has none: `orders_user_id_fkey`. */
  constraintName?: string
}

/** A constraint written on a column is an operation of its own, which stands beside that of the column. */
export function sqlWords(operation: Operation, statement: Statement): SqlWords {
  const column = columnOf(operation, statement)
  const { constraint } = operation
  const constraints = column ? constraintsOn(column, statement) : []
  const isPlain = constraints.every(
    (one) => !one.name && !one.deferrable && !one.nullsNotDistinct && (one.type === 'unique' || one.type === 'primary key'),
  )
  return {
    ...(column?.type && {
      columnDefinition: columnDefinition(
        column,
        constraints.filter((one) => one !== constraint),
      ),
    }),
    ...(column?.type && isPlain && { columnType: typeOf(column) }),
    ...(constraint && {
      constraintDefinition: constraintDefinition(constraint, true),
      constraintName: constraintName(operation, constraint),
    }),
  }
}

/** The column an operation is about: its own, or the one its constraint is written on. */
export function columnOf(operation: Operation, { operations }: Statement): ColumnWords | undefined {
  if (operation.column || !operation.constraint?.inline) return operation.column
  const [name] = operation.constraint.columns ?? []
  return operations.find(
    ({ action, column, table }) =>
      (action === 'add column' || action === 'define column') && column?.name === name && table?.key === operation.table?.key,
  )?.column
}

function constraintsOn(column: ColumnWords, { operations }: Statement): ConstraintWords[] {
  return operations.flatMap(({ constraint }) =>
    constraint?.inline && constraint.type !== 'not null' && constraint.columns?.[0] === column.name ? [constraint] : [],
  )
}

function columnDefinition(column: ColumnWords, constraints: ConstraintWords[]): string {
  const { name, type, defaultExpression, generated, generatedExpression, nullable, serial, identity, identityKind } = column
  return [
    quoteIdentifier(name),
    serial ? SERIALS[type ?? ''] : typeOf(column),
    ...(defaultExpression ? [`default ${defaultExpression}`] : []),
    ...(generated ? [`generated always as (${generatedExpression}) ${generated}`] : []),
    ...(identity ? [`generated ${identityKind} as identity`] : []),
    ...(nullable === false && !serial && !identity && !column.primary ? ['not null'] : []),
    ...constraints.map((one) => (one.name ? `constraint ${quoteIdentifier(one.name)} ` : '') + constraintDefinition(one, false)),
  ].join(' ')
}

const SERIALS: Record<string, string> = { smallint: 'smallserial', integer: 'serial', bigint: 'bigserial' }

/** Built-in types are lower case; one of the user's own may need quotes. */
function typeOf({ fullType, type, collation }: ColumnWords): string {
  const written = fullType ?? type ?? ''
  const own = /[A-Z]/.test(written) ? written.replace(/^[^([]+/, (name) => name.split('.').map(quoteIdentifier).join('.')) : written
  return own + (collation ? ` collate ${collation.split('.').map(quoteIdentifier).join('.')}` : '')
}

function constraintDefinition(constraint: ConstraintWords, onTable: boolean): string {
  const {
    type,
    expression,
    columns = [],
    references,
    onDelete,
    onDeleteColumns,
    onUpdate,
    match,
    deferrable,
    initiallyDeferred,
    noInherit,
    nullsNotDistinct,
  } = constraint
  const own = list(columns)
  const parts = {
    check: [`check (${expression})`, noInherit && 'no inherit'],
    unique: ['unique', nullsNotDistinct && 'nulls not distinct', onTable && own],
    'primary key': ['primary key', onTable && own],
    'not null': ['not null', onTable && columns.map(quoteIdentifier).join(', ')],
    exclusion: [],
    'foreign key': [
      onTable && `foreign key ${own}`,
      `references ${keyOf(references?.table)}`,
      references && references.columns.length > 0 && list(references.columns),
      match && `match ${match}`,
      onDelete && onDelete !== 'no action' && `on delete ${onDelete}`,
      onDeleteColumns && list(onDeleteColumns),
      onUpdate && onUpdate !== 'no action' && `on update ${onUpdate}`,
    ],
  }
  return [...(type ? parts[type] : []), deferrable && 'deferrable', initiallyDeferred && 'initially deferred'].filter(Boolean).join(' ')
}

/** As ChooseConstraintName puts it together: table, column and an ending by type, cut to 63 bytes. */
function constraintName({ table, column }: Operation, { name, type, columns = [] }: ConstraintWords): string {
  if (name) return quoteIdentifier(name)
  const endings = { check: 'check', unique: 'key', 'primary key': 'pkey', 'foreign key': 'fkey', exclusion: 'excl', 'not null': 'not_null' }
  const named = type === 'primary key' ? [] : columns.length > 0 ? columns : column ? [column.name] : []
  return quoteIdentifier([table?.name, ...named, endings[type ?? 'check']].join('_').slice(0, 63))
}

function list(names: string[]): string {
  return `(${names.map(quoteIdentifier).join(', ')})`
}

function keyOf(table: { schema: string; name: string } | undefined): string {
  return table ? `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}` : ''
}
