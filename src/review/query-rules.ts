import type { Clone, Step } from '../clones/clone.ts'
import { ServiceError } from '../errors.ts'
import type { Claim } from '../rules/claim.ts'
import { fill } from '../rules/fill.ts'
import { holdsFor, type Rule } from '../rules/rule.ts'
import type { Operation } from '../sql/operation.ts'
import type { Statement } from '../sql/statement.ts'

type Row = Record<string, unknown>

/** Rows of a rule's query, by rule id. A rule whose query fails has none and a note instead. */
export interface QueryRows {
  rows: Map<string, Row[]>
  notes: string[]
}

/**
 * Asks the clone's catalog what the rules with a `query:` want to know, which changes nothing. A query that kills the clone is given up; the
 * clone starts anew, and `ran` runs on it again.
 */
export async function runQueryRules(
  rules: readonly Rule[],
  clone: Clone,
  postgres: number,
  ran: readonly Step[][],
  signal: AbortSignal,
): Promise<QueryRows> {
  const result: QueryRows = { rows: new Map(), notes: [] }
  for (const rule of rules) {
    if (!rule.query || !holdsFor(rule, postgres)) continue
    try {
      result.rows.set(rule.id, await readOnly(clone, rule.query, signal))
    } catch (error) {
      if (signal.aborted) throw signal.reason
      result.notes.push(`the query of rule ${rule.id} failed: ${(error as Error).message}`)
      if (!(error instanceof ServiceError)) continue
      await clone.restart?.(signal)
      for (const steps of ran) await clone.batch(steps, signal)
    }
  }
  return result
}

async function readOnly(clone: Clone, query: string, signal: AbortSignal): Promise<Row[]> {
  await clone.batch([{ sql: 'begin read only', name: 'begin read only' }], signal)
  try {
    return await clone.query<Row>(query)
  } finally {
    await clone.batch([{ sql: 'rollback', name: 'rollback' }], signal)
  }
}

/**
 * A claim for each row that is there after the script and was not before: old sins of the schema are not the change's. It is laid at the
 * last operation that names the row's table, index or constraint.
 */
export function claimsOfRows(rules: readonly Rule[], before: QueryRows, after: QueryRows, statements: readonly Statement[]): Claim[] {
  return rules.flatMap((rule) => {
    if (!before.rows.has(rule.id)) return []
    const known = new Set(before.rows.get(rule.id)?.map((row) => JSON.stringify(row)))
    const fresh = (after.rows.get(rule.id) ?? []).filter((row) => !known.has(JSON.stringify(row)))
    return fresh.flatMap((row) => {
      const place = placeOf(row, statements)
      return place ? [{ rule, ...place, message: fill(rule.message, { ...place.operation, ...row }), why: rule.why.trim() }] : []
    })
  })
}

function placeOf(row: Row, statements: readonly Statement[]): { statement: Statement; operation: Operation } | undefined {
  const names = new Set(
    [row.table, row.index, row.constraint, row.view, row.name].filter((name) => typeof name === 'string').map(unqualified),
  )
  const places = statements.flatMap((statement) => statement.operations.map((operation) => ({ statement, operation })))
  const speaksOf = ({ operation }: { operation: Operation }) => namesIn(operation).some((name) => names.has(name))
  return places.findLast(speaksOf) ?? places.at(-1)
}

function namesIn({ table, index, constraint }: Operation): string[] {
  return [table?.name, index?.name, constraint?.name].filter((name) => name !== undefined)
}

function unqualified(name: string): string {
  return (name.split('.').at(-1) ?? name).replaceAll('"', '')
}
