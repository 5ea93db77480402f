import { type PlanCondition, readConditions, readSortKeys, type SortKey } from '../../sql/reader/plan-conditions.ts'
import { sqlNameOf, type TableFacts } from './table-facts.ts'
import { type PlanJson, planNodes } from './workload.ts'

/** What one query does with one of its tables; of a table it reads twice there are two. */
export interface TableUse {
  table: TableFacts
  /** Compared to constants and parameters. */
  conditions: PlanCondition[]
  /** Compared to other tables, by their alias. */
  joins: Map<string, PlanCondition[]>
  /** Orders and groupings that start with keys of this table alone. */
  sorts: SortKey[][]
  /** All columns it needs; null where it needs the row itself. */
  columns: Set<string> | null
}

/** `schema.name` as SQL of every relation a plan reads. */
export function relationsOf(plan: PlanJson): string[] {
  return [...new Set(planNodes(plan).flatMap((node) => relationOf(node) ?? []))]
}

function relationOf(node: PlanJson): string | undefined {
  const [schema, name] = [node.Schema, node['Relation Name']]
  return typeof schema === 'string' && typeof name === 'string' ? sqlNameOf({ schema, name }) : undefined
}

const CONDITIONS = ['Index Cond', 'Recheck Cond', 'Hash Cond', 'Merge Cond', 'Join Filter', 'Filter']
const KEYS = ['Sort Key', 'Group Key']
const NO_CONDITIONS = new Set(['Aggregate', 'Group', 'WindowAgg', 'Result', 'Subquery Scan', 'CTE Scan', 'Function Scan', 'Values Scan'])
/** Literals are passed over. */
const COLUMN = /'(?:[^']|'')*'|("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)\.("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*|\*)/gu

/** Reads the plan of EXPLAIN (VERBOSE): in it views are opened, names are resolved, and conditions stand where the planner can use them. */
export function tableUses(plan: PlanJson, facts: ReadonlyMap<string, TableFacts>): TableUse[] {
  const nodes = planNodes(plan)
  const aliases = aliasesOf(nodes, facts)
  const uses = new Map<string, TableUse>()
  for (const { alias, table } of aliases.values())
    if (!uses.has(alias)) uses.set(alias, { table, conditions: [], joins: new Map(), sorts: [], columns: new Set() })
  const useOf = (alias: string): TableUse | undefined => uses.get(aliases.get(alias)?.alias ?? alias)
  const groupOf = (alias: string): string => aliases.get(alias)?.alias ?? alias
  const rowsNeeded = nodes.some((node) => node['Node Type'] === 'LockRows')
  for (const node of nodes) {
    if (!NO_CONDITIONS.has(String(node['Node Type'])))
      for (const condition of textsOf(node, CONDITIONS).flatMap(readConditions)) addCondition(condition, useOf, groupOf)
    for (const text of textsOf(node, KEYS)) addSort(readSortKeys(text), useOf)
    // A scan below others may give whole rows that nobody asked for.
    const needed = [...textsOf(node, [...CONDITIONS, ...KEYS]), ...(relationOf(node) && node !== plan ? [] : textsOf(node, ['Output']))]
    for (const text of needed) addColumns(text, useOf)
    const changed = node['Node Type'] === 'ModifyTable' ? useOf(String(node.Alias)) : undefined
    if (changed) changed.columns = null
  }
  for (const use of uses.values()) if (rowsNeeded) use.columns = null
  return [...uses.values()]
}

/** Aliases of scans; those of a table's partitions (`orders_1`) belong to that of the table, which is in no scan of its own. */
function aliasesOf(nodes: readonly PlanJson[], facts: ReadonlyMap<string, TableFacts>): Map<string, { alias: string; table: TableFacts }> {
  const aliases = new Map<string, { alias: string; table: TableFacts }>()
  for (const node of nodes) {
    const table = facts.get(relationOf(node) ?? '')
    const alias = String(node.Alias ?? '')
    if (table) aliases.set(alias, { table, alias: table.isPartitioned ? alias.replace(/_\d+$/, '') : alias })
  }
  return aliases
}

function textsOf(node: PlanJson, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value = node[name]
    return Array.isArray(value) ? [value.join(', ')] : typeof value === 'string' ? [value] : []
  })
}

function addCondition(condition: PlanCondition, useOf: (alias: string) => TableUse | undefined, groupOf: (alias: string) => string): void {
  const use = useOf(condition.keys[0]?.alias ?? '')
  if (!use) return
  const isSame = (one: PlanCondition): boolean => one.predicate === condition.predicate && keyText(one) === keyText(condition)
  const other = condition.other === null ? null : groupOf(condition.other)
  const list = other === null ? use.conditions : (use.joins.get(other) ?? [])
  if (!list.some(isSame)) list.push(condition)
  if (other !== null) use.joins.set(other, list)
}

function keyText({ keys, comparison, operator }: PlanCondition): string {
  return `${comparison} ${operator} ${keys.map(({ sql }) => sql).join(', ')}`
}

function addSort(keys: readonly SortKey[], useOf: (alias: string) => TableUse | undefined): void {
  const [first] = keys
  const use = useOf(first?.key.alias ?? '')
  if (!use || !first) return
  const end = keys.findIndex(({ key }) => key.alias !== first.key.alias)
  use.sorts.push(keys.slice(0, end < 0 ? undefined : end))
}

function addColumns(text: string, useOf: (alias: string) => TableUse | undefined): void {
  for (const [, alias, column = ''] of text.matchAll(COLUMN)) {
    if (alias === undefined) continue
    const use = useOf(unquote(alias))
    if (column === '*' && use) use.columns = null
    else use?.columns?.add(unquote(column))
  }
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}
