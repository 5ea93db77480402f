import type { CatalogConstraint } from '../../sql/catalog.ts'
import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene, Sighting } from '../claim.ts'
import { isBounded } from './lock-strength.ts'

/** A foreign key dropped from a table, with no limit on the wait for its parent. Only the catalog knows which constraint is one. */
export const droppedForeignKey: Detector = (scene) =>
  dropped(scene)
    .filter(({ operation }) => operation.lock === 'access exclusive' && !isBounded(operation))
    .flatMap(({ statement, operation, before }) => {
      const parent = before?.references?.table
      return before?.type === 'foreign key' && parent && parent !== operation.table?.key
        ? [{ statement, operation, values: { parent } }]
        : []
    })

const GUARDS = new Set(['foreign key', 'check', 'unique', 'exclusion'])

/** A foreign key, CHECK, UNIQUE or EXCLUDE that is gone after the script, when nothing stands in for it. */
export const droppedConstraint: Detector = (scene) =>
  dropped(scene).filter(({ operation, before }) => {
    if (before) return GUARDS.has(before.type) && !isReplaced(scene, operation, before)
    return !scene.before && !operation.guarded && !isNamedAsKey(operation) && !isFollowedUp(scene, operation)
  })

/** A primary key that is gone after the script. */
export const droppedPrimaryKey: Detector = (scene) =>
  dropped(scene)
    .filter(({ operation, before }) => (before ? before.type === 'primary key' : !scene.before && isNamedAsKey(operation)))
    .filter(({ operation, before }) => (scene.after && before ? !hasPrimaryKey(scene, operation) : !isFollowedUp(scene, operation)))
    .map(({ statement, operation }) => {
      const key = operation.table?.key ?? ''
      const publication = [...((scene.after ?? scene.before)?.publications ?? [])].find(([, tables]) => tables.includes(key))?.[0]
      const cost = publication === undefined ? '' : `, which publication \`${publication}\` needs to replicate updates and deletes`
      return { statement, operation, values: { cost } }
    })

/** As Postgres names primary keys: without a clone, the best there is to go by. */
function isNamedAsKey({ table, constraint }: Operation): boolean {
  return constraint?.name === `${table?.name}_pkey`
}

interface Dropped extends Sighting {
  /** Undefined without a clone, or when the database has no such constraint. */
  before: CatalogConstraint | undefined
}

function dropped({ statements, before }: Scene): Dropped[] {
  return statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, table }) => action === 'drop constraint' && table !== undefined && !table.new)
      .map((operation) => ({
        statement,
        operation,
        before: before?.relations.get(operation.table?.key ?? '')?.constraints.find(({ name }) => name === operation.constraint?.name),
      })),
  )
}

/** A constraint of its type on the same columns stands after the script; or the CHECK only proved a NOT NULL that is now there. */
function isReplaced({ after }: Scene, { table }: Operation, before: CatalogConstraint): boolean {
  const relation = after?.relations.get(table?.key ?? '')
  if (!relation) return after !== undefined
  const isSame = (one: CatalogConstraint) => one.type === before.type && before.columns.every((column) => one.columns.includes(column))
  const isProved =
    before.type === 'check' &&
    /\bIS NOT NULL\b/.test(before.definition) &&
    before.columns.every((column) => relation.columns.find(({ name }) => name === column)?.notNull)
  const isUniqueStill =
    before.type === 'unique' &&
    relation.indexes.some(
      (index) =>
        index.unique &&
        index.predicate === undefined &&
        index.columns.every((column) => column !== null && before.columns.includes(column)),
    )
  const hasLostColumn = before.columns.some((column) => !relation.columns.some(({ name }) => name === column))
  return relation.constraints.some(isSame) || isProved || isUniqueStill || hasLostColumn
}

/** Without a clone: does the script go on to constrain the same table otherwise? */
function isFollowedUp({ statements }: Scene, { table, number }: Operation): boolean {
  return statements.some(({ operations }) =>
    operations.some(
      (one) =>
        one.table?.key === table?.key && (one.action === 'add constraint' || (one.action === 'set not null' && one.number <= number)),
    ),
  )
}

function hasPrimaryKey({ after }: Scene, { table }: Operation): boolean {
  const relation = after?.relations.get(table?.key ?? '')
  return relation === undefined || relation.constraints.some(({ type }) => type === 'primary key')
}
