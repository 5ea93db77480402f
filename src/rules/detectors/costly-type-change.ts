import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene } from '../claim.ts'
import { columnBefore, typeParts } from './column-before.ts'

/** ALTER COLUMN TYPE that rewrites the table, reads it or rebuilds its indexes, except between timestamps: those have a rule of their own. */
export const costlyTypeChange: Detector = (scene) =>
  typeChanges(scene, (operation) => {
    const work = !isBetweenTimestamps(scene, operation) && workOf(operation)
    const isGuess = scene.before === undefined && operation.using === undefined
    return work && isGuess ? `${work}, unless the old type is stored alike,` : work
  })

/** A change between timestamp and timestamptz that rewrites and, in a session with TimeZone UTC, need not. */
export const timeZoneTypeChange: Detector = (scene) =>
  typeChanges(scene, (operation) => {
    if (!isBetweenTimestamps(scene, operation) || !operation.rewrites) return undefined
    return operation.using === undefined ? "because the session's TimeZone is not UTC" : 'because USING computes each value'
  })

/** A change of type that costs nothing but the plans that were made with the old one. */
export const quietTypeChange: Detector = (scene) =>
  typeChanges(scene, (operation) => !workOf(operation) && !operation.table?.new && operation.inside !== 'function' && 'nothing')

function typeChanges({ statements }: Scene, work: (operation: Operation) => string | false | undefined): ReturnType<Detector> {
  return statements.flatMap((statement) =>
    statement.operations.flatMap((operation) => {
      const done = operation.action === 'alter column type' && work(operation)
      return done ? [{ statement, operation, values: { work: done } }] : []
    }),
  )
}

function workOf({ table, rewrites, builds, scans }: Operation): string | undefined {
  if (rewrites) return `rewrites \`${table?.name}\` and all its indexes`
  if (builds) return `rebuilds the indexes of \`${table?.name}\` that hold it`
  return scans ? `reads all of \`${table?.name}\` to check the values` : undefined
}

/** Whatever else USING says means another moment, which no setting of the session gives. */
const IN_UTC = /\bat\s+time\s+zone\s+'(?:utc|etc\/utc|gmt)'$/i

const TIMESTAMPS = ['timestamp with time zone', 'timestamp without time zone']

function isBetweenTimestamps(scene: Scene, operation: Operation): boolean {
  const old = columnBefore(scene, operation)
  const { column, using } = operation
  if (!old || !column?.type || (using !== undefined && !IN_UTC.test(String(using)))) return false
  const [from, to] = [typeParts(old.type), typeParts(column.fullType ?? column.type)]
  return from.name !== to.name && TIMESTAMPS.includes(from.name) && TIMESTAMPS.includes(to.name) && from.modifiers[0] === to.modifiers[0]
}
