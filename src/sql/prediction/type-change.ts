/** Does changing a column's type give the table a new file? */
import { type Scene, typeOf } from './knowledge.ts'

interface Type {
  name: string
  modifiers: number[]
  array: boolean
}

/** What a type's values are kept as, and how a modifier may grow without touching them. */
const TEXTS = new Set(['text', 'character varying'])
const STAMPS = new Set(['timestamp without time zone', 'timestamp with time zone'])
/** Most digits of a second Postgres keeps. */
const FINEST = 6
/** Pairs that `pg_cast` calls binary coercible, from and to. */
const SAME_BYTES = new Set([
  'cidr>inet',
  'bit>bit varying',
  'integer>oid',
  'oid>integer',
  'xml>text',
  'xml>character varying',
  'citext>text',
  'citext>character varying',
  'text>citext',
  'character varying>citext',
  'integer>regclass',
  'oid>regclass',
  'regclass>oid',
  'integer>regproc',
  'oid>regproc',
  'pg_node_tree>text',
])

/**
 * Without the old type only `text` and `character varying` without a length are taken to keep the file: what becomes one of these was mostly
 * a shorter one. `using` is the expression written; the bare column, or its cast to the new type, is what Postgres would do anyway.
 */
export function rewritesOnTypeChange(
  scene: Scene,
  change: { column: string; from: string | undefined; to: string; using?: string | undefined; timeZone?: string | undefined },
): boolean {
  if (change.using !== undefined && !isPlainCast(change.using, change.column)) return true
  const target = baseOf(scene, change.to)
  if (target.constrained) return change.from === undefined || change.from !== change.to
  if (change.from === undefined) return !(TEXTS.has(target.type.name) && target.type.modifiers.length === 0 && !target.type.array)
  if (change.from === change.to) return false
  const source = baseOf(scene, change.from)
  // The length of a domain is not the length of the column: converting from it is always checked.
  const from = source.domain ? { ...source.type, modifiers: [] } : source.type
  return !keepsBytes(from, target.type, isUtc(change.timeZone ?? scene.known.timeZone ?? scene.known.catalog?.timeZone))
}

/** UTC by any of its names; it is what servers are mostly set to, where nothing is known. */
function isUtc(timeZone = 'UTC'): boolean {
  return /^(etc\/)?(utc|gmt|zulu|uct|universal|greenwich)$/i.test(timeZone)
}

function keepsBytes(from: Type, to: Type, utc: boolean): boolean {
  if (from.array || to.array) return from.array === to.array && from.name === to.name && String(from.modifiers) === String(to.modifiers)
  if (from.name === to.name && String(from.modifiers) === String(to.modifiers)) return true
  if (TEXTS.has(from.name) && TEXTS.has(to.name)) return grows(from.modifiers[0], to.modifiers[0])
  if (STAMPS.has(from.name) && STAMPS.has(to.name)) return (from.name === to.name || utc) && refines(from, to)
  if (SAME_BYTES.has(`${from.name}>${to.name}`)) return to.modifiers.length === 0
  return from.name === to.name && (WIDENINGS[from.name]?.(from, to) ?? false)
}

/** When a change of the modifiers alone keeps the bytes. */
const WIDENINGS: Record<string, (from: Type, to: Type) => boolean> = {
  numeric: (from, to) =>
    to.modifiers.length === 0 || (grows(from.modifiers[0], to.modifiers[0]) && (from.modifiers[1] ?? 0) === (to.modifiers[1] ?? 0)),
  'bit varying': (from, to) => grows(from.modifiers[0], to.modifiers[0]),
  'time without time zone': refines,
  'time with time zone': refines,
  interval: refines,
}

/** From one precision of seconds to another. */
function refines(from: Type, to: Type): boolean {
  return grows(from.modifiers[0] ?? FINEST, to.modifiers[0] ?? FINEST)
}

/** From one limit to another, undefined being none. */
function grows(from: number | undefined, to: number | undefined): boolean {
  return to === undefined || (from !== undefined && to >= from)
}

function isPlainCast(using: string, column: string): boolean {
  const name = `(?:"${column}"|${column})`
  return new RegExp(
    `^\\(*\\s*${name}\\s*\\)*(::[\\w ."]+(\\([\\d, ]+\\))?)?\\)*$|^cast\\s*\\(\\s*${name}\\s+as\\s+[\\w ."]+(\\([\\d, ]+\\))?\\s*\\)$`,
    'i',
  ).test(using.trim())
}

/** A domain that checks its values, or one over such a domain. */
export function isConstrained(scene: Scene, type: string): boolean {
  return baseOf(scene, type).constrained
}

/** The type below the domains, and whether any of these checks its values. */
function baseOf(scene: Scene, written: string): { type: Type; domain: boolean; constrained: boolean } {
  const found = typeOf(scene, written)
  if (found?.kind !== 'domain') return { type: parse(written), domain: false, constrained: false }
  const below = baseOf(scene, found.base)
  return { type: below.type, domain: true, constrained: found.constrained || below.constrained }
}

const ALIASES: Record<string, string> = {
  varchar: 'character varying',
  int: 'integer',
  int4: 'integer',
  int8: 'bigint',
  int2: 'smallint',
  bool: 'boolean',
  decimal: 'numeric',
  varbit: 'bit varying',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
  timetz: 'time with time zone',
}

/** `timestamp(3) with time zone`, `numeric(10,2)`, `interval day to second(3)`, `text[]`. */
function parse(written: string): Type {
  const array = written.endsWith('[]')
  const modifiers = (/\(([\d, -]+)\)/.exec(written)?.[1] ?? '')
    .split(',')
    .filter((one) => one.trim())
    .map(Number)
  const bare = written
    .replace(/\([\d, -]*\)/, '')
    .replaceAll('[]', '')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase()
  // The fields of an interval only cut off what is smaller than their last: with seconds among them nothing is.
  const name = /^interval( .*second)?$/.test(bare) ? 'interval' : bare
  return { name: ALIASES[name] ?? name, modifiers, array }
}

/** Is an index over the column good for the new type too? Not when values compare by other rules. */
export function keepsIndexes(scene: Scene, from: string | undefined, to: string): boolean {
  if (from === undefined) return true
  const [old, next] = [baseOf(scene, from).type.name, baseOf(scene, to).type.name]
  return old === next || (TEXTS.has(old) && TEXTS.has(next)) || (old === 'cidr' && next === 'inet')
}
