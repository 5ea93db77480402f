/** The SQL inside DO blocks and functions: static statements, and dynamic ones whose text is a literal. */
import { offsetsOf } from '../offsets.ts'
import type { Draft, Reading } from './draft.ts'
import { dynamicText } from './dynamic-text.ts'
import { looseStatements } from './loose-statements.ts'
import { type Node, parsePlpgsql, parseSql } from './parser.ts'
import { sourceOf } from './source.ts'
import { tolerate } from './tolerant.ts'

/** What every operation of a body carries. */
export interface BodyWords {
  inside: 'do' | 'function'
  /** Settings of the function itself. */
  ownSettings?: Record<string, string>
}

/** A body in PL/pgSQL. Where the PL/pgSQL parser gives up, the statements are fished out of the text. */
export function readPlpgsqlBody(body: string, reading: Reading, words: BodyWords): Draft[] {
  const { text, start, end } = reading.source
  const tree = parsePlpgsql(text.slice(start, end))
  const held = tree?.plpgsql_funcs ? statementsIn(tree.plpgsql_funcs) : looseStatements(tolerate(body).text)
  return held.flatMap((one) => draftsOf(one, reading, words))
}

/** A body in SQL: a string, or the nodes of BEGIN ATOMIC and RETURN. */
export function readSqlBody(body: string | Node, reading: Reading, words: BodyWords): Draft[] {
  if (typeof body === 'string') return draftsOf({ sql: body }, reading, words)
  const nodes: Node[] = body.List ? body.List.items.flatMap((one: Node) => one.List?.items ?? [one]) : []
  return nodes.flatMap((node) => marked(node, reading, words))
}

/** One statement of a body: SQL as it stands, an expression EXECUTE would run, or a command of PL/pgSQL itself. */
export type Held = { sql: string } | { dynamic: string } | { command: 'commit' | 'rollback' }

function draftsOf(held: Held, reading: Reading, words: BodyWords): Draft[] {
  if ('command' in held) return [{ action: held.command, statement: held.command, ...words }]
  const sql = 'sql' in held ? held.sql : dynamicText(held.dynamic)
  if (sql === undefined) return [{ action: 'execute', statement: 'execute', dynamic: true, ...words }]
  const written = parseSql(sql)
  const parsed = 'error' in written ? parseSql(tolerate(sql).text) : written
  if ('error' in parsed) return [{ action: 'other', statement: 'unknown', tag: 'unreadable statement', ...words }]
  const offsets = offsetsOf(sql)
  return parsed.statements.flatMap(({ node, startByte, endByte }) => {
    const end = endByte === undefined ? sql.length : offsets.ofByte(endByte)
    return marked(node, { ...reading, source: sourceOf(sql, offsets, offsets.ofByte(startByte), end) }, words)
  })
}

function marked(node: Node, reading: Reading, words: BodyWords): Draft[] {
  const { kind, drafts } = reading.read(node, reading)
  return drafts.map((draft) => ({ statement: kind, ...draft, ...words }))
}

/** Statements of PL/pgSQL's tree in the order they stand in the text: a loop's query comes before its body. */
function statementsIn(tree: unknown): Held[] {
  const held: Held[] = []
  const left: unknown[] = [tree]
  while (left.length > 0) {
    const next = left.pop()
    if (next === null || typeof next !== 'object') continue
    const entries = Object.entries(next).sort(([a], [b]) => Number(b === 'query') - Number(a === 'query'))
    for (const [type, node] of entries) held.push(...heldBy(type, node as Node))
    for (let index = entries.length - 1; index >= 0; index -= 1) left.push(entries[index]?.[1])
  }
  return held
}

function heldBy(type: string, node: Node): Held[] {
  switch (type) {
    // parseMode 0 is a whole statement; the others are expressions, which only EXECUTE runs as SQL.
    case 'PLpgSQL_expr':
      return node.parseMode === 0 ? [{ sql: node.query }] : []
    case 'PLpgSQL_stmt_dynexecute':
    case 'PLpgSQL_stmt_dynfors':
      return [{ dynamic: node.query.PLpgSQL_expr.query }]
    case 'PLpgSQL_stmt_open':
    case 'PLpgSQL_stmt_return_query':
      return node.dynquery ? [{ dynamic: node.dynquery.PLpgSQL_expr.query }] : []
    case 'PLpgSQL_stmt_commit':
      return [{ command: 'commit' }]
    case 'PLpgSQL_stmt_rollback':
      return [{ command: 'rollback' }]
    default:
      return []
  }
}
