import type { Detector } from '../claim.ts'

/** A foreign key written on a new column, to another table that existed before: two tables are locked at once, which no condition over one can say. */
export const inlineForeignKey: Detector = ({ statements }) =>
  statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, statement: kind, constraint, table, lock }) => {
        const target = constraint?.references?.table
        return (
          action === 'add constraint' &&
          kind === 'alter table' &&
          constraint?.inline &&
          lock !== 'none' &&
          target &&
          !table?.new &&
          !target.new &&
          target.key !== table?.key
        )
      })
      .map((operation) => ({ statement, operation })),
  )
