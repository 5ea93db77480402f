import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene } from '../claim.ts'

/** CREATE INDEX CONCURRENTLY IF NOT EXISTS: it keeps what a failed build left behind, unless the script drops that first. */
export const guardedConcurrentIndex: Detector = (scene) =>
  builds(scene).filter(({ operation }) => operation.guarded === true && !isDroppedBefore(scene, operation))

/** A second concurrent build in a script that cannot be run again from its start once this one fails. */
export const secondConcurrentIndex: Detector = (scene) => {
  const all = builds(scene)
  return all.filter(({ operation }, at) =>
    all
      .slice(0, at)
      .some(({ operation: earlier }) => earlier.number < operation.number && !earlier.guarded && !isDroppedBefore(scene, earlier)),
  )
}

function builds({ statements }: Scene) {
  return statements.flatMap((statement) =>
    statement.operations
      .filter(
        ({ action, concurrently, index, table, transaction }) =>
          action === 'create index' && concurrently === true && index?.name !== undefined && !table?.new && transaction.mode === 'none',
      )
      .map((operation) => ({ statement, operation })),
  )
}

function isDroppedBefore({ statements }: Scene, { number, index }: Operation): boolean {
  return statements.some(({ operations }) =>
    operations.some((earlier) => earlier.action === 'drop index' && earlier.number < number && earlier.index?.name === index?.name),
  )
}
