import type { Operation } from '../../sql/operation.ts'
import type { Statement } from '../../sql/statement.ts'
import type { Detector, Scene } from '../claim.ts'

/** Statements that say a name or a text and run what is behind it. */
const OPAQUE = ['do', 'call', 'select', 'execute', 'other']
const BLOCKING = ['share', 'share row exclusive', 'exclusive', 'access exclusive']

/** A block, a function or a procedure that rewrote, read or indexed an existing table, which nobody foresaw from its text. Only a run shows it. */
export const hiddenWork: Detector = (scene) => carriers(scene).filter(({ operation }) => isWork(operation))

/** One that only locked an existing table, if against reads or writes. */
export const hiddenLock: Detector = (scene) =>
  carriers(scene).filter(({ statement, operation }) => !isDynamic(statement) && !isWork(operation) && BLOCKING.includes(operation.lock))

/** A block that runs text put together at run time. Once it ran, only if it did something to a table. */
export const dynamicSql: Detector = (scene) =>
  carriers(scene).filter(
    ({ statement, operation }) => isDynamic(statement) && (!wasRun(operation) || isWork(operation) || BLOCKING.includes(operation.lock)),
  )

/** The operation that stands for the whole statement: those inside carry what was foreseen of them. */
function carriers({ statements }: Scene) {
  return statements.flatMap((statement) => {
    const [operation] = statement.operations
    return operation && !operation.inside && OPAQUE.includes(operation.action)
      ? [{ statement, operation, values: { work: workOf(operation), strength: operation.lock.toUpperCase() } }]
      : []
  })
}

function isDynamic({ operations }: Statement): boolean {
  return operations.some(({ action, dynamic, inside }) => action === 'execute' && dynamic === true && inside === 'do')
}

function wasRun(operation: Operation): boolean {
  return 'failed' in operation
}

function isWork({ rewrites, scans, builds }: Operation): boolean {
  return rewrites || scans || builds
}

function workOf({ rewrites, scans, builds }: Operation): string {
  const done = [
    rewrites && 'rewrites a table in use',
    builds && 'builds an index on a table in use',
    scans && 'reads all of a table in use',
  ].filter((one) => one !== false)
  return done.join(' and ')
}
