/** Types in the manual's spelling: the parser has `pg_catalog.int4` for `int`, and the word as written for a type it does not know. */
import type { ColumnWords } from '../operation.ts'
import type { Node } from './parser.ts'

const SPELLINGS: Record<string, string> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
  bpchar: 'character',
  varchar: 'character varying',
  varbit: 'bit varying',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
  timetz: 'time with time zone',
  decimal: 'numeric',
  int: 'integer',
}
const SERIALS: Record<string, string> = {
  smallserial: 'smallint',
  serial2: 'smallint',
  serial: 'integer',
  serial4: 'integer',
  bigserial: 'bigint',
  serial8: 'bigint',
}
/** Bits of an interval's field mask, from Postgres's datetime.h. */
const INTERVAL_FIELDS: Record<number, string> = {
  4: 'year',
  2: 'month',
  8: 'day',
  1024: 'hour',
  2048: 'minute',
  4096: 'second',
  6: 'year to month',
  1032: 'day to hour',
  3080: 'day to minute',
  7176: 'day to second',
  3072: 'hour to minute',
  7168: 'hour to second',
  6144: 'minute to second',
}

export type TypeWords = Pick<ColumnWords, 'type' | 'modifiers' | 'array' | 'serial' | 'fullType'>

export function typeOf(typeName: Node | undefined): TypeWords {
  if (!typeName) return {}
  const path: string[] = (typeName.names ?? []).map((part: Node) => part.String?.sval ?? '')
  const underlying = path.length === 1 && !typeName.pct_type ? SERIALS[path[0] ?? ''] : undefined
  const type = underlying ?? spelled(path, typeName)
  const numbers = numbersOf(typeName.typmods)
  const interval = type === 'interval'
  const fields = interval ? INTERVAL_FIELDS[numbers[0] ?? -1] : undefined
  const modifiers = interval ? numbers.slice(1) : numbers
  const array = (typeName.arrayBounds ?? []).length > 0
  return {
    type,
    fullType: withModifiers(fields ? `interval ${fields}` : type, scaled(type, modifiers)) + (array ? '[]' : ''),
    ...(modifiers.length > 0 && { modifiers }),
    ...(array && { array }),
    ...(underlying && { serial: true }),
  }
}

/** A type of Postgres's own by its name in the manual, any other as written. */
function spelled(path: string[], typeName: Node): string {
  const name = path.at(-1) ?? ''
  const suffix = typeName.pct_type ? '%type' : ''
  if (path.length > 1 && path[0] !== 'pg_catalog') return path.join('.') + suffix
  // Without a length, bpchar is not `character`, which would have one.
  return ((name === 'bpchar' && !typeName.typmods ? undefined : SPELLINGS[name]) ?? name) + suffix
}

/** As `format_type` puts them: `timestamp(3) with time zone`, `numeric(10,2)`. */
function withModifiers(type: string, modifiers: number[]): string {
  if (modifiers.length === 0) return type
  const written = `(${modifiers.join(',')})`
  const zone = / with(?:out)? time zone$/.exec(type)
  return zone ? type.slice(0, zone.index) + written + zone[0] : type + written
}

/** The scale of `numeric(5)` is zero and is written. */
function scaled(type: string, modifiers: number[]): number[] {
  return type === 'numeric' && modifiers.length === 1 ? [...modifiers, 0] : modifiers
}

function numbersOf(modifiers: Node[] | undefined): number[] {
  return (modifiers ?? []).flatMap((modifier) => {
    const constant = modifier.A_Const
    if (!constant) return []
    if (constant.ival) return [Number(constant.ival.ival ?? 0)]
    return constant.fval ? [Number(constant.fval.fval)] : []
  })
}
