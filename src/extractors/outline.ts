import type { TransactionMode } from '../sql/statement.ts'

const QUOTED = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$/g

/**
 * What the statements of a script begin with: upper case, single spaces, without comments and quoted parts. Rough on
 * purpose, as the tools themselves look at no more than this to decide how to send a file; reading SQL is for `sql/`.
 */
export function outline(sql: string): string[] {
  const bare = sql.replace(/^\uFEFF/, '').replace(QUOTED, (quoted) => (/^['"$]/.test(quoted) ? " '' " : ' '))
  const statements = bare.split(';').map((statement) => statement.replace(/\s+/g, ' ').trim().toUpperCase())
  return statements.filter((statement) => statement !== '')
}

/**
 * How Postgres runs a text sent as one simple query: several statements share an implicit transaction, a single one has
 * its own, so that CREATE INDEX CONCURRENTLY works.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
 */
export function sentAsOneQuery(sql: string): TransactionMode {
  return outline(sql).length > 1 ? 'implicit' : 'none'
}
