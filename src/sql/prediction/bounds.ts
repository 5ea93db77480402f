/** Do a table's own constraints say that its rows lie inside a partition's bounds, or outside them? */
import { checkedExpression, partsOf, unquoteName, unwrap } from './expressions.ts'
import { constraintsOf, relationOf, type Scene } from './knowledge.ts'
import { isProvenNotNull } from './not-null.ts'

type Bounds = { kind: 'range'; column: string; from: string; to: string } | { kind: 'list'; column: string; values: string[] }
interface Comparison {
  column: string
  operator: string
  value: string
}

/** Then attaching the table needs no reading of it. False where unsure: Postgres proves no more than this in practice. */
export function provesBounds(scene: Scene, parent: string, partition: string, bounds: string | undefined): boolean {
  const wanted = boundsOf(scene, parent, bounds)
  if (!wanted || !isProvenNotNull(scene, partition, wanted.column)) return false
  const facts = checksOf(scene, partition)
    .flatMap((one) => comparisonOf(one) ?? [])
    .filter((one) => one.column === wanted.column)
  if (wanted.kind === 'list') return facts.some((one) => one.operator === '=' && wanted.values.includes(one.value))
  const above =
    wanted.from === 'MINVALUE' || facts.some((one) => ['>=', '>', '='].includes(one.operator) && notBefore(one.value, wanted.from))
  const below =
    wanted.to === 'MAXVALUE' ||
    facts.some(
      (one) =>
        (one.operator === '<' && notBefore(wanted.to, one.value)) || (['<=', '='].includes(one.operator) && before(one.value, wanted.to)),
    )
  return above && below
}

/** Then the default partition need not be read when a partition with these bounds comes. */
export function provesOutside(scene: Scene, parent: string, fallback: string, bounds: string | undefined): boolean {
  const wanted = boundsOf(scene, parent, bounds)
  if (!wanted) return false
  return checksOf(scene, fallback).some((part) => partsOf(part, 'OR').every((one) => isOutside(comparisonOf(one), wanted)))
}

function isOutside(fact: Comparison | undefined, wanted: Bounds): boolean {
  if (!fact || fact.column !== wanted.column) return false
  if (wanted.kind === 'list')
    return (
      (fact.operator === '=' && !wanted.values.includes(fact.value)) ||
      (fact.operator === '<>' && wanted.values.every((one) => one === fact.value))
    )
  if (fact.operator === '<') return notBefore(wanted.from, fact.value)
  if (fact.operator === '<=') return before(fact.value, wanted.from)
  return ['>=', '>'].includes(fact.operator) && notBefore(fact.value, wanted.to)
}

/** What the table's validated checks say, one condition each. */
function checksOf(scene: Scene, table: string): string[] {
  return constraintsOf(scene, table)
    .filter((one) => one.type === 'check' && one.valid && one.enforced)
    .flatMap((one) => partsOf(checkedExpression(one.definition), 'AND'))
}

/** Bounds over one plain column; others are not reasoned about. */
function boundsOf(scene: Scene, parent: string, bounds: string | undefined): Bounds | undefined {
  const key = /^(RANGE|LIST) \(("(?:[^"]|"")+"|\w+)\)$/i.exec(relationOf(scene, parent)?.partitionKey ?? '')
  const column = key && unquoteName(key[2] as string)
  if (!column || !bounds) return undefined
  const range = /FROM \((.*?)\)\s+TO \((.*?)\)$/is.exec(bounds)
  if (range) return { kind: 'range', column, from: literal(range[1] as string), to: literal(range[2] as string) }
  const list = /IN \((.*)\)$/is.exec(bounds)
  return list ? { kind: 'list', column, values: (list[1] as string).split(',').map(literal) } : undefined
}

function comparisonOf(expression: string): Comparison | undefined {
  const found = /^("(?:[^"]|"")+"|\w+) (=|<>|<=|>=|<|>) (.*)$/.exec(unwrap(expression))
  return found ? { column: unquoteName(found[1] as string), operator: found[2] as string, value: literal(found[3] as string) } : undefined
}

/** `'2024-01-01'::date` as `2024-01-01`. */
function literal(text: string): string {
  const bare = unwrap(text.trim()).replace(/::[\w ]+(\(\d+\))?$/, '')
  return unwrap(bare).replace(/^'(.*)'$/, '$1')
}

const NUMBER = /^-?\d+(\.\d+)?$/
const DATE = /^\d{4}-\d{2}-\d{2}/

function notBefore(value: string, other: string): boolean {
  return value === other || before(other, value)
}

/** Only numbers and ISO dates are compared; of anything else nothing is known. */
function before(value: string, other: string): boolean {
  if (NUMBER.test(value) && NUMBER.test(other)) return Number(value) < Number(other)
  return DATE.test(value) && DATE.test(other) && value < other
}
