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
      ? [
          {
            statement,
            operation,
            values: { work: workOf(operation), subject: subjectsOf(operation), strength: operation.lock.toUpperCase() },
          },
        ]
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

function workOf(operation: Operation): string {
  const { rewrites, scans, builds } = operation
  const subject = subjectsOf(operation)
  const done = [
    rewrites && `rewrites ${subject}`,
    builds && !rewrites && `builds an index on ${subject}`,
    scans && `reads all of ${subject}`,
  ]
  return done.filter((one) => one !== false).join(' and ')
}

/** Which tables, as far as a run told. */
function subjectsOf({ touches }: Operation): string {
  const keys = Array.isArray(touches) ? touches.map(String) : []
  if (keys.length === 0) return 'a table in use'
  const shown = keys.slice(0, 3).map((key) => `\`${key.split('.').at(-1)}\``)
  return keys.length > 3 ? `${shown.join(', ')} and ${keys.length - 3} more` : shown.join(' and ')
}
