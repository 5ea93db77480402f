import type { Detector } from '../claim.ts'

/**
 * A primary key taken over from an index, whose columns have to be checked for nulls. Only the catalog knows whether they
 * are NOT NULL, so without it nothing is said; that is why this is no condition.
 */
export const nullablePrimaryKey: Detector = ({ statements }) =>
  statements.flatMap((statement) =>
    statement.operations
      .filter(
        ({ action, constraint, scans }) =>
          action === 'add constraint' && constraint?.type === 'primary key' && constraint.index !== undefined && scans,
      )
      .map((operation) => ({ statement, operation })),
  )
