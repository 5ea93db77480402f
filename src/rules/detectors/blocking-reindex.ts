import type { Detector } from '../claim.ts'

/** A plain REINDEX of what was there before. Which indexes that rebuilds only the catalog knows; without it, each is taken to rebuild some. */
export const blockingReindex: Detector = ({ statements, before }) =>
  statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, concurrently, builds, table }) => action === 'reindex' && !concurrently && (before ? builds : !table?.new))
      .map((operation) => ({ statement, operation })),
  )
