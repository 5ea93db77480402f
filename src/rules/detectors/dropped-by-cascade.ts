import type { Catalog } from '../../sql/catalog.ts'
import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** A schema's contents are another rule's, and TRUNCATE … CASCADE empties rather than drops. */
const OTHERS = ['drop schema', 'truncate']

/**
 * DROP … CASCADE. With the catalog before and after the script it names what went beside the things dropped by name, and is silent where
 * nothing did; without, it can only say that something may.
 */
export const droppedByCascade: Detector = (scene) => {
  const operations = everyOperation(scene)
  const cascades = operations.filter(
    ({ operation }) =>
      operation.cascade === true &&
      operation.table?.new !== true &&
      !OTHERS.includes(operation.action) &&
      operation.action.startsWith('drop '),
  )
  if (cascades.length === 0) return []
  const { before, after } = scene
  if (!before || !after) return cascades.map((sighting) => ({ ...sighting, values: { gone: 'whatever depends on it' } }))
  const gone = goneBeside(
    before,
    after,
    operations.map(({ operation }) => operation),
  )
  if (gone.length === 0) return []
  const shown = gone.length > 4 ? `${gone.slice(0, 4).join(', ')} and ${gone.length - 4} more` : gone.join(', ')
  return cascades.map((sighting) => ({ ...sighting, values: { gone: shown } }))
}

/** Views, tables, constraints and columns that are gone and that no operation dropped by name. */
function goneBeside(before: Catalog, after: Catalog, operations: Operation[]): string[] {
  const named = new Set(operations.flatMap(({ action, table }) => (table && /^(drop|rename|set schema)/.test(action) ? [table.key] : [])))
  return [...before.relations].flatMap(([key, relation]) => {
    const left = after.relations.get(key)
    if (!left) return named.has(key) || OWNED.includes(relation.kind) ? [] : [`the ${relation.kind} \`${key}\``]
    const isDropped = (action: string, name: string) =>
      operations.some((one) => one.action === action && one.table?.key === key && (one.constraint?.name ?? one.column?.name) === name)
    const constraints = relation.constraints
      .filter(
        ({ name, type }) =>
          type !== 'not null' && !left.constraints.some((one) => one.name === name) && !isDropped('drop constraint', name),
      )
      .filter(({ columns }) => columns.every((column) => left.columns.some(({ name }) => name === column)))
      .map(({ name, type }) => `the ${type} \`${name}\` of \`${key}\``)
    const columns = relation.columns
      .filter(
        ({ name }) =>
          !left.columns.some((one) => one.name === name) && !isDropped('drop column', name) && !isRenamed(operations, key, name),
      )
      .map(({ name }) => `the column \`${name}\` of \`${key}\``)
    return [...constraints, ...columns]
  })
}

/** These go with their table as everybody expects. */
const OWNED = ['index', 'partitioned index', 'sequence', 'composite type']

function isRenamed(operations: Operation[], key: string, name: string): boolean {
  return operations.some((one) => one.action === 'rename column' && one.table?.key === key && one.column?.name === name)
}
