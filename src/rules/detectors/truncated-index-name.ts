import type { Detector } from '../claim.ts'

/** Postgres keeps 63 bytes of a name, NAMEDATALEN - 1. */
const KEPT = 63

/** CREATE INDEX IF NOT EXISTS whose name, cut to what Postgres keeps, is taken by an index of another meaning. */
export const truncatedIndexName: Detector = ({ statements, before }) => {
  if (!statements.some(({ operations }) => operations.some(({ action }) => action === 'create index'))) return []
  const taken = new Map<string, string>()
  for (const { indexes } of before?.relations.values() ?? []) for (const { schema, name } of indexes) taken.set(`${schema}.${name}`, name)
  return statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, index }) => action === 'create index' && index?.name !== undefined)
      .flatMap((operation) => {
        const { name = '', schema = 'public' } = operation.index ?? {}
        const written = nameIn(statement.text, name)
        const earlier = taken.get(`${schema}.${name}`)
        taken.set(`${schema}.${name}`, earlier ?? written)
        const isCut = Buffer.byteLength(written) > KEPT
        return operation.guarded && isCut && earlier !== undefined && earlier !== written
          ? [{ statement, operation, values: { written } }]
          : []
      }),
  )
}

/** The name as the statement writes it, before the parser cut it. */
function nameIn(text: string, cut: string): string {
  const found = text.match(/[\w$\u0080-\uffff]+/g)?.find((word) => word.toLowerCase().startsWith(cut.toLowerCase()))
  return found?.toLowerCase() ?? cut
}
