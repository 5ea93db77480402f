import type { Detector } from '../claim.ts'
import { columnBefore, typeParts } from './column-before.ts'
import { everyOperation } from './every-operation.ts'

/** ALTER COLUMN TYPE to a type that cannot hold every value of the old one. What USING makes of the values is the author's intent. */
export const narrowingTypeChange: Detector = (scene) =>
  everyOperation(scene).flatMap((sighting) => {
    const { operation } = sighting
    const { action, column, using, table } = operation
    const old = action === 'alter column type' && !table?.new ? columnBefore(scene, operation) : undefined
    const isCast = using === undefined || String(using).replace(/["\s]/g, '').startsWith(`${column?.name}::`)
    const outcome = old && column?.fullType && isCast ? outcomeOf(old.type, column.fullType) : undefined
    return outcome && old ? [{ ...sighting, values: { outcome, from: old.type } }] : []
  })

const FAILS = 'stops at the first value that does not fit'
const ROUNDS = 'silently rounds the values that do not fit'
const INTEGERS = ['smallint', 'integer', 'bigint']
const FLOATS = ['real', 'double precision']

type TypeParts = ReturnType<typeof typeParts>

/** What becomes of values the new type cannot hold: each line was seen by running it. */
function outcomeOf(from: string, to: string): string | undefined {
  const [old, wanted] = [typeParts(from), typeParts(to)]
  if (isText(old) && isText(wanted)) return lengthOf(wanted) < lengthOf(old) ? FAILS : undefined
  if (INTEGERS.includes(wanted.name)) return integerOutcome(old, wanted)
  if (old.name === 'numeric' && wanted.name === 'numeric') return digitsOutcome(old.modifiers, wanted.modifiers)
  if (old.name === 'double precision' && wanted.name === 'real') return ROUNDS
  return old.name.startsWith('timestamp') ? timeOutcome(old, wanted) : undefined
}

function isText({ name }: TypeParts): boolean {
  return ['text', 'character varying', 'character'].includes(name)
}

function integerOutcome(old: TypeParts, wanted: TypeParts): string | undefined {
  if (INTEGERS.includes(old.name)) return INTEGERS.indexOf(wanted.name) < INTEGERS.indexOf(old.name) ? FAILS : undefined
  return FLOATS.includes(old.name) || (old.name === 'numeric' && old.modifiers[1] !== 0) ? ROUNDS : undefined
}

function timeOutcome(old: TypeParts, wanted: TypeParts): string | undefined {
  if (wanted.name === 'date') return 'silently drops the time of day'
  return wanted.name === old.name && (wanted.modifiers[0] ?? 6) < (old.modifiers[0] ?? 6) ? ROUNDS : undefined
}

function lengthOf({ name, modifiers }: TypeParts): number {
  return modifiers[0] ?? (name === 'character' ? 1 : Number.POSITIVE_INFINITY)
}

/** Fewer digits before the point fail, fewer after it round. A numeric without precision holds any. */
function digitsOutcome(
  [oldPrecision = Infinity, oldScale = oldPrecision === Infinity ? Infinity : 0]: number[],
  [precision, scale = 0]: number[],
): string | undefined {
  if (precision === undefined) return undefined
  if (scale < oldScale) return ROUNDS
  return precision - scale < oldPrecision - oldScale || oldPrecision === Infinity ? FAILS : undefined
}
