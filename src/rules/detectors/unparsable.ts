import type { Operation } from '../../sql/operation.ts'
import type { Statement } from '../../sql/statement.ts'
import type { Detector, Sighting } from '../claim.ts'

/** What Postgres's grammar refuses, and would refuse whatever runs it. */
export const unparsable: Detector = ({ statements }) =>
  statements.flatMap((statement) => (statement.syntaxError?.hint ? [] : sighting(statement)))

/** What is not SQL as it stands: a template to fill, a command of psql. */
export const unreadable: Detector = ({ statements }) =>
  statements.flatMap((statement) => (statement.syntaxError?.hint ? sighting(statement) : []))

function sighting(statement: Statement): Sighting[] {
  if (!statement.syntaxError) return []
  const { message, hint } = statement.syntaxError
  return [{ statement, operation: nothing(statement), values: { problem: message, hint } }]
}

/** A statement that could not be read asks for nothing we know of. */
function nothing({ index, kind }: Statement): Operation {
  return {
    action: 'other',
    statement: kind,
    number: index,
    settings: {},
    transaction: { number: -1, mode: 'none', explicit: false },
    lock: 'none',
    rewrites: false,
    scans: false,
    builds: false,
  }
}
