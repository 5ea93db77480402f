import type { Measurement } from '../experiments/measurement.ts'
import { type EffectWords, effectWords } from '../sql/effect-words.ts'
import type { Effects } from '../sql/effects.ts'
import { isAtLeast, lockWords, type Operation } from '../sql/operation.ts'
import type { Statement } from '../sql/statement.ts'

/**
 * The statements with measured words in place of predicted ones, so that a rule can be asked again. A statement that could not
 * be measured keeps its operations for context but is named in `unmeasured`.
 *
 * A measurement is of a whole statement, and an ALTER TABLE has many operations. An effect that was foreseen is given to the
 * operations it was foreseen of; one that nobody foresaw (a function, dynamic SQL) is given to all of them.
 */
export function withMeasuredWords(
  statements: readonly Statement[],
  measurements: readonly Measurement[],
  isNew: (relation: string) => boolean,
): Statement[] {
  return statements.map((statement, index) => {
    const measurement = measurements[index]
    if (!measurement) return statement
    const words = measurement.effects && effectWords(measurement.effects, isNew)
    const touches = measurement.effects && touchedBy(measurement.effects, isNew)
    return {
      ...statement,
      operations: statement.operations.map((operation) => ({
        ...measuredOperation(operation, statement, measurement, words),
        ...(touches && { touches }),
      })),
    }
  })
}

/** Tables it rewrote, read or indexed; without such work those it locked the most. */
function touchedBy({ rewrites, scans, builds, locks }: Effects, isNew: (relation: string) => boolean): string[] {
  const worked = [...rewrites, ...scans, ...builds.filter(({ existed }) => existed).map(({ table }) => table)]
  const onTables = locks.filter(({ kind, existed }) => kind === 'table' && existed)
  const most = onTables.filter(({ mode }) => onTables.every((other) => isAtLeast(lockWords(mode), lockWords(other.mode))))
  const touched = worked.length > 0 ? worked : most.map(({ relation }) => relation)
  return [...new Set(touched)].filter((relation) => !isNew(relation))
}

function measuredOperation(
  operation: Operation,
  statement: Statement,
  measurement: Measurement,
  words: EffectWords | undefined,
): Operation {
  // Defining a function does not run its body, though Postgres looks up, and locks for that moment, what an SQL body names.
  if (operation.inside === 'function') return operation
  if (measurement.effects && !wasReached(operation, measurement))
    return { ...operation, lock: 'none', rewrites: false, scans: false, builds: false }
  const warning = measurement.notices.find(({ severity }) => severity === 'WARNING')
  const foreseen = (word: 'rewrites' | 'scans' | 'builds') => statement.operations.some((one) => one[word])
  const seen = (word: 'rewrites' | 'scans' | 'builds') => Boolean(words?.[word]) && (operation[word] || !foreseen(word))
  // Outside a transaction the locks are gone before anyone can look; the rest was seen.
  const locksUnseen = measurement.unmeasured !== undefined
  const strongest = statement.operations.every(({ lock }) => isAtLeast(operation.lock, lock))
  return {
    ...operation,
    ...(words && {
      lock: strongest && !locksUnseen ? words.lock : operation.lock,
      rewrites: seen('rewrites'),
      scans: seen('scans'),
      builds: seen('builds'),
    }),
    failed: measurement.error?.code,
    warned: warning?.code,
  }
}

/** A statement of a block runs only where the block's conditions lead to it; then its table has at least the lock that was foreseen. */
function wasReached({ inside, lock, table }: Operation, { effects, unmeasured }: Measurement): boolean {
  if (inside !== 'do' || lock === 'none' || !table || unmeasured !== undefined) return true
  const isOfTable = (relation: string) => relation === table.key || relation.endsWith(`.${table.name}`)
  return effects?.locks.some(({ relation, mode }) => isOfTable(relation) && isAtLeast(lockWords(mode), lock)) === true
}
