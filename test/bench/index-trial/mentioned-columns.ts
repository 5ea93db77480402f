import type pg from 'pg'
import { loadParser, type Node, parseSql } from '../../../src/sql/reader/parser.ts'

/** Of a table: those that a query mentions, under any of its names there. */
type Columns = Map<string, string[]>

/** What a query says, in its whole text: subqueries are not told apart. */
interface Said {
  /** The tables by the names that they have in the query: `o` → `orders`. */
  tables: Map<string, Set<string>>
  /** `o.status` is told for `o`, and `status` for the empty string. */
  columns: Map<string, Set<string>>
}

const COLUMNS = `select c.relname as table, a.attname as column from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped order by c.relname, a.attnum`

/** The columns of the tables that a query reads and that it mentions, by table. A column that is not qualified counts for each that has it. */
export async function mentionedColumns(client: pg.Client, query: string): Promise<Columns> {
  await loadParser()
  const parsed = parseSql(query)
  if ('error' in parsed) throw new Error(`${parsed.error} in ${query}`)
  const said: Said = { tables: new Map(), columns: new Map() }
  for (const { node } of parsed.statements) collect(node, said)
  const { rows } = await client.query<{ table: string; column: string }>(COLUMNS)
  const found: Columns = new Map()
  for (const { table, column } of rows) {
    const names = [...said.tables].filter(([, tables]) => tables.has(table)).map(([name]) => name)
    const isMentioned = names.length > 0 && ['', ...names].some((name) => said.columns.get(name)?.has(column))
    if (isMentioned) found.set(table, [...(found.get(table) ?? []), column])
  }
  return found
}

function collect(node: unknown, said: Said): void {
  if (typeof node !== 'object' || node === null) return
  for (const [kind, value] of Object.entries(node as Node)) {
    if (kind === 'RangeVar' || kind === 'relation') note(said.tables, value.alias?.aliasname ?? value.relname, value.relname)
    else if (kind === 'ColumnRef') noteColumn(said, value.fields)
    else if (kind === 'usingClause') for (const one of value) note(said.columns, '', one.String?.sval)
    else collect(value, said)
  }
}

function noteColumn(said: Said, fields: Node[]): void {
  const names = fields.map((field) => field.String?.sval as string | undefined)
  const [qualifier, column] = names.length > 1 ? names.slice(-2) : ['', names[0]]
  note(said.columns, qualifier ?? '', column)
}

function note(map: Map<string, Set<string>>, key: string, value: string | undefined): void {
  if (value === undefined) return
  const values = map.get(key) ?? new Set()
  map.set(key, values.add(value))
}
