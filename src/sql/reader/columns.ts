/** Column definitions: of CREATE TABLE, ADD COLUMN and ADD ATTRIBUTE. */
import type { ColumnWords, TableWords } from '../operation.ts'
import { typeOf } from './column-types.ts'
import { constraintType, constraintWords, gathered } from './constraints.ts'
import type { Draft, Reading } from './draft.ts'
import { callsIn, isNull, volatilityOf } from './expressions.ts'
import { strings } from './names.ts'
import type { Node } from './parser.ts'
import { COLUMN_STOPS, expressionAfter, parenthesisedAfter, type Source } from './source.ts'

/** The column, then the constraints written on it: `references` inline is the same operation as `add constraint`. */
export function columnDrafts(action: string, table: TableWords, definition: Node, reading: Reading, words: object = {}): Draft[] {
  const constraints = gathered(definition.constraints)
  const column = columnWords(definition, constraints, reading.source)
  return [
    { action, table, column, calls: callsIn(expressionsOf(constraints), reading.names), ...words },
    ...constraints
      .filter((one) => constraintType(one) !== undefined && constraintType(one) !== 'not null')
      .map((one) => ({
        action: 'add constraint',
        table,
        column,
        constraint: constraintWords(one, reading, column.name),
        calls: callsIn(one.raw_expr, reading.names),
      })),
  ]
}

/** What the column's values come from: its default or generating expression. */
function expressionsOf(constraints: Node[]): Node[] {
  return constraints.filter((one) => constraintType(one) === undefined).map((one) => one.raw_expr)
}

function columnWords(definition: Node, constraints: Node[], source: Source): ColumnWords {
  const written = (type: string) => constraints.find((one) => one.contype === type)
  const generated = written('CONSTR_GENERATED')
  const type = typeOf(definition.typeName)
  const identity = written('CONSTR_IDENTITY')
  const fromSequence = type.serial === true || identity !== undefined
  const mandatory = written('CONSTR_NOTNULL') ?? written('CONSTR_PRIMARY')
  const collation = strings(definition.collClause?.collname).join('.')
  return {
    name: definition.colname,
    ...type,
    ...(collation && { collation }),
    nullable: !mandatory && !fromSequence,
    identity: identity !== undefined,
    ...(identity && { identityKind: identity.generated_when === 'a' ? ('always' as const) : ('by default' as const) }),
    ...(generated && generatedWords(generated, source)),
    ...(fromSequence
      ? { default: 'volatile' as const, defaultCalls: ['nextval'] }
      : defaultWords(written('CONSTR_DEFAULT')?.raw_expr, source)),
    primary: written('CONSTR_PRIMARY') !== undefined,
    unique: written('CONSTR_UNIQUE') !== undefined,
  }
}

/** DEFAULT NULL is no default: Postgres stores none. */
export function defaultWords(expression: Node | undefined, source: Source, stops = COLUMN_STOPS): Partial<ColumnWords> {
  if (!expression) return { default: 'none' }
  const written = expressionAfter(source, 'default', expression, stops)
  return {
    default: isNull(expression) ? 'none' : volatilityOf(expression),
    ...(written !== undefined && { defaultExpression: written }),
    defaultCalls: callsIn(expression),
  }
}

function generatedWords(constraint: Node, source: Source): Partial<ColumnWords> {
  const written = parenthesisedAfter(source, 'as', constraint.raw_expr ?? {})
  return {
    generated: constraint.generated_kind === 'v' ? 'virtual' : 'stored',
    ...(written !== undefined && { generatedExpression: written }),
  }
}
