import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene, Sighting } from '../claim.ts'
import { everyOperation, sharesTransaction } from './every-operation.ts'

/** What only stores its text: a function's body is not run, and a comment is no value. */
const INERT = ['create function', 'comment', 'add enum value', 'rename enum value']

/**
 * The first statement that writes a new enum value in the transaction that added it. It is recognised by its literal, so the run has the last word.
 * Since 17 values of a type made in the same transaction may be used at once.
 */
export const newEnumValue: Detector = (scene) =>
  everyOperation(scene).flatMap(({ operation: added }) => {
    if (added.action !== 'add enum value' || added.inside || (scene.postgres >= 17 && isNewType(scene, added))) return []
    const use = firstUse(scene, added)
    return use ? [{ ...use, values: { value: added.value, type: added.type } }] : []
  })

function firstUse(scene: Scene, added: Operation): Sighting | undefined {
  const literal = `'${String(added.value).replaceAll("'", "''")}'`
  return everyOperation(scene).find(
    ({ statement, operation }) =>
      operation.number > added.number &&
      operation.inside !== 'function' &&
      sharesTransaction(operation, added) &&
      !INERT.includes(operation.action) &&
      statement.text.includes(literal) &&
      mayConcern(scene, operation, added),
  )
}

/** With a catalog: the statement is about a table that uses the type, reads one, or is about none at all. */
function mayConcern(scene: Scene, { table, column, reads }: Operation, { type }: Operation): boolean {
  if (column?.type !== undefined && column.type.split('.').at(-1) === String(type).split('.').at(-1)) return true
  const users = scene.before?.types.get(String(type))?.usedBy
  const about = [...(table ? [table.key] : []), ...(Array.isArray(reads) ? reads.map(String) : [])]
  return !users || about.length === 0 || about.some((key) => users.includes(key) || !scene.before?.relations.has(key))
}

function isNewType(scene: Scene, added: Operation): boolean {
  return everyOperation(scene).some(
    ({ operation: { action, type, ...earlier } }) =>
      action === 'create type' &&
      type === added.type &&
      earlier.number < added.number &&
      earlier.transaction.number === added.transaction.number,
  )
}
