import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene } from '../claim.ts'
import { columnBefore, typeParts } from './column-before.ts'

/** ALTER COLUMN TYPE that rewrites the table, reads it or rebuilds its indexes, except between timestamps: those have a rule of their own. */
export const costlyTypeChange: Detector = (scene) => typeChanges(scene, (operation) => !isBetweenTimestamps(scene, operation) && workOf(operation))

/** A change between timestamp and timestamptz that rewrites, which the session's TimeZone decides. */
export const timeZoneTypeChange: Detector = (scene) => typeChanges(scene, (operation) => isBetweenTimestamps(scene, operation) && workOf(operation))

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

const TIMESTAMPS = ['timestamp with time zone', 'timestamp without time zone']

function isBetweenTimestamps(scene: Scene, operation: Operation): boolean {
  const old = columnBefore(scene, operation)
  const { column } = operation
  if (!old || !column?.type) return false
  const [from, to] = [typeParts(old.type), typeParts(column.fullType ?? column.type)]
  return from.name !== to.name && TIMESTAMPS.includes(from.name) && TIMESTAMPS.includes(to.name) && from.modifiers[0] === to.modifiers[0]
}
