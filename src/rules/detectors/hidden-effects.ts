import type { Operation } from '../../sql/operation.ts'
import type { Statement } from '../../sql/statement.ts'
import type { Detector, Scene } from '../claim.ts'

/** Statements that say a name or a text and run what is behind it. */
const OPAQUE = ['do', 'call', 'select', 'execute', 'other']
const BLOCKING = ['share', 'share row exclusive', 'exclusive', 'access exclusive']

/** A block, a function or a procedure that did to existing tables what nobody foresaw from its text. Only a run shows it. */
export const hiddenEffects: Detector = (scene) => carriers(scene).filter(({ statement, operation }) => !isDynamic(statement) && isHeavy(operation))

/** A block that runs text put together at run time. Once it ran, only if it did something to a table. */
export const dynamicSql: Detector = (scene) =>
  carriers(scene).filter(({ statement, operation }) => isDynamic(statement) && (!wasRun(operation) || isHeavy(operation)))

/** The operation that stands for the whole statement: those inside carry what was foreseen of them. */
function carriers({ statements }: Scene) {
  return statements.flatMap((statement) => {
    const [operation] = statement.operations
    return operation && !operation.inside && OPAQUE.includes(operation.action) ? [{ statement, operation, values: { effects: effectsOf(operation) } }] : []
  })
}

function isDynamic({ operations }: Statement): boolean {
  return operations.some(({ action, dynamic, inside }) => action === 'execute' && dynamic === true && inside === 'do')
}

function wasRun(operation: Operation): boolean {
  return 'failed' in operation
}

function isHeavy({ rewrites, scans, builds, lock }: Operation): boolean {
  return rewrites || scans || builds || BLOCKING.includes(lock)
}

function effectsOf({ rewrites, scans, builds, lock }: Operation): string {
  const done = [rewrites && 'rewrites a table', builds && 'builds an index', scans && 'reads a whole table to check it'].filter((one) => one !== false)
  return [...done, `takes ${lock === 'none' ? 'no lock' : lock.toUpperCase()}`].join(' and ')
}
