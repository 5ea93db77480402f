import type { DeleteStatement, Expr, Statement as Tree, UpdateStatement } from 'pgsql-ast-parser'

/** Rows a batch changes: short enough a lock to wait for, as the manual has no figure. */
const BATCH_ROWS = 1000

/**
 * An UPDATE or DELETE of one table rewritten to do a batch of rows at a time, in the order of its key: `$1` is the last key of the batch before,
 * and the statement returns the keys it changed. Undefined for what cannot be split so: joins, CTEs, WHERE CURRENT OF, or SQL that
 * pgsql-ast-parser does not read. The parser's typed tree and `toSql` make this; the caller parses and prepares the result again before showing it.
 */
export async function inBatches(statement: string, key: string): Promise<string | undefined> {
  const { parseFirst, toSql } = await import('pgsql-ast-parser')
  const tree = quietly(() => parseFirst(statement))
  if (!isPlainChange(tree)) return undefined
  const table = tree.type === 'update' ? tree.table : tree.from
  const keyColumn: Expr = { type: 'ref', name: key }
  const afterLast: Expr = { type: 'binary', op: '>', left: keyColumn, right: { type: 'parameter', name: '$1' } }
  const batch: Tree = {
    type: 'select',
    columns: [{ expr: keyColumn }],
    from: [{ type: 'table', name: table }],
    where: tree.where ? { type: 'binary', op: 'AND', left: afterLast, right: tree.where } : afterLast,
    orderBy: [{ by: keyColumn }],
    limit: { limit: { type: 'integer', value: BATCH_ROWS } },
  }
  const inBatch: Expr = {
    type: 'binary',
    op: 'IN',
    left: keyColumn,
    right: { type: 'select', columns: [{ expr: keyColumn }], from: [{ type: 'table', name: { name: 'batch' } }] },
  }
  const change = { ...tree, where: inBatch, returning: [{ expr: keyColumn }] }
  return tidy(toSql.statement({ type: 'with', bind: [{ alias: { name: 'batch' }, statement: batch }], in: change }))
}

/** `toSql` leaves runs of spaces; those inside quotes are the author's. */
function tidy(sql: string): string {
  return sql.replace(/'(?:[^'\\]|''|\\.)*'|"[^"]*"|\s+/gs, (part) => (/^\s/.test(part) ? ' ' : part)).trim()
}

function isPlainChange(tree: Tree | undefined): tree is UpdateStatement | DeleteStatement {
  return (tree?.type === 'update' && !tree.from && !tree.returning) || (tree?.type === 'delete' && !tree.returning)
}

function quietly(parse: () => Tree): Tree | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
