import { PROGRAM_REFUSED } from '../clones/clone.ts'
import type { Measurement } from '../experiments/measurement.ts'
import type { Claim } from '../rules/claim.ts'

/** The rule that says a statement fails at all; rules that say why are better. */
const FAILS = 'avoid-failing-statement'
/** SQLSTATEs of something that is not there: without the whole base that says nothing about the change. */
const NOT_THERE = new Set(['42P01', '42703', '42704', '42883', '3F000', '42P02', '58P01', '0A000', '42501'])

/**
 * The claims that tell the reader something. A rule is silent where one that it names in `unless` says it more precisely. A failure is told
 * once, by the rule that knows its cause, and not of the statements that only follow in the same transaction; a missing table is no finding
 * where the base could not be built whole.
 */
export function worthTelling(claims: readonly Claim[], measurements: readonly Measurement[] | undefined, baseIsWhole: boolean): Claim[] {
  const made = new Set(claims.map(({ rule, statement }) => `${rule.id} ${statement.index}`))
  const isSaidBetter = ({ rule, statement }: Claim) => rule.unless.some((id) => made.has(`${id} ${statement.index}`))
  return failuresOnce(
    claims.filter((claim) => !isSaidBetter(claim)),
    measurements,
    baseIsWhole,
  )
}

function failuresOnce(claims: readonly Claim[], measurements: readonly Measurement[] | undefined, baseIsWhole: boolean): Claim[] {
  const explained = new Set(
    claims.filter(({ rule }) => rule.prove === 'outcome' && rule.id !== FAILS).map(({ statement }) => statement.index),
  )
  const told = new Set<number>()
  return claims.filter(({ rule, statement }) => {
    if (rule.id !== FAILS) return true
    const measurement = measurements?.[statement.index]
    if (!measurement?.error || measurement.blockedBy !== undefined || explained.has(statement.index) || told.has(statement.index))
      return false
    if (measurement.error.message === PROGRAM_REFUSED) return false
    told.add(statement.index)
    return baseIsWhole || !lacksSomething(measurement)
  })
}

/** Did it fail because something is not there? */
export function lacksSomething(measurement: Measurement | undefined): boolean {
  return measurement?.error !== undefined && NOT_THERE.has(measurement.error.code)
}
