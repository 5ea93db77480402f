import type { Detector } from '../claim.ts'

/** A CHECK added NOT VALID that the rest of the script does not validate, so rows that break it may stay. */
export const unvalidatedCheck: Detector = ({ statements }) =>
  statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, constraint, table }) => action === 'add constraint' && constraint?.type === 'check' && !table?.new)
      .filter(({ constraint }) => constraint?.valid === false && constraint.enforced !== false)
      .filter(
        ({ table, number }) =>
          !statements.some(({ operations }) =>
            operations.some((later) => later.action === 'validate constraint' && later.table?.key === table?.key && later.number > number),
          ),
      )
      .map((operation) => ({ statement, operation })),
  )
