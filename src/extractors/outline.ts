import type { TransactionMode } from '../sql/statement.ts'

/**
 * What the statements of a script begin with: upper case, single spaces, without comments, quoted parts as `''`. Rough on
 * purpose, as the tools themselves look at no more than this to decide how to send a file; reading SQL is for `sql/`.
 */
export function outline(sql: string): string[] {
  const statements = withoutQuotes(sql.replace(/^\uFEFF/, '')).split(';')
  return statements.map((statement) => statement.replace(/\s+/g, ' ').trim().toUpperCase()).filter((statement) => statement !== '')
}

/**
 * How Postgres runs a text sent as one simple query: several statements share an implicit transaction, a single one has
 * its own, so that CREATE INDEX CONCURRENTLY works.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
 */
export function sentAsOneQuery(sql: string): TransactionMode {
  return outline(sql).length > 1 ? 'implicit' : 'none'
}

/** Goes through the text once, whatever is left open in it: what has no end lasts to the end of the text. */
function withoutQuotes(sql: string): string {
  let bare = ''
  let at = 0
  for (const opening = /--|\/\*|'|"|\$(?:[A-Za-z_]\w{0,62})?\$/g; ; ) {
    opening.lastIndex = at
    const match = opening.exec(sql)
    if (!match) return bare + sql.slice(at)
    const isComment = match[0] === '--' || match[0] === '/*'
    bare += `${sql.slice(at, match.index)}${isComment ? ' ' : " '' "}`
    at = endOf(match[0], sql, match.index + match[0].length)
  }
}

function endOf(opening: string, sql: string, from: number): number {
  const closing = opening === '--' ? '\n' : opening === '/*' ? '*/' : opening
  const doubles = closing === "'" || closing === '"'
  let end = sql.indexOf(closing, from)
  while (end >= 0 && doubles && sql[end + 1] === closing) end = sql.indexOf(closing, end + 2)
  return end < 0 ? sql.length : end + closing.length
}
