import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** DROP DATABASE, and DROP SCHEMA … CASCADE of a schema the script did not make itself. */
export const droppedSchema: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.filter(({ operation: { action, cascade, name, number } }) => {
    if (action === 'drop database') return true
    if (action !== 'drop schema' || cascade !== true) return false
    const made = operations.findLast(
      ({ operation }) => operation.action === 'create schema' && operation.name === name && operation.number < number,
    )
    return !made || made.operation.guarded === true
  })
}
