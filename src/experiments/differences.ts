import type { CatalogColumn, CatalogRelation } from '../sql/catalog.ts'
import type { RawRelation } from './catalog-rows.ts'
import type { LiveCatalog } from './live-catalog.ts'

/** What a statement changed in the catalog, one short sentence each: `drops index public.orders_email_idx`. */
export function differencesOf(before: LiveCatalog, after: LiveCatalog, touched: Iterable<number>): string[] {
  const sentences: string[] = []
  const oids = [...new Set(touched)].sort((a, b) => a - b)
  for (const oid of oids) {
    const [old, now] = [before.raw.get(oid), after.raw.get(oid)]
    const [was, is] = [old && before.relations.get(old.key), now && after.relations.get(now.key)]
    if (was && !is) sentences.push(...(backsConstraint(was, before) ? [] : [`drops ${named(was)}`]))
    else if (is && !was) sentences.push(...(backsConstraint(is, after) ? [] : [`adds ${named(is)}`]))
    else if (was && is) sentences.push(...changesOf(was, is, renamedColumns(old, now)))
  }
  return withoutReplaced(sentences)
}

/** An index that a change of type or REINDEX CONCURRENTLY replaces by one of the same name is not news. */
function withoutReplaced(sentences: readonly string[]): string[] {
  const all = new Set(sentences)
  return sentences.filter((sentence) => {
    const [verb, ...object] = sentence.split(' ')
    const opposite = verb === 'drops' ? 'adds' : verb === 'adds' ? 'drops' : undefined
    return opposite === undefined || !all.has([opposite, ...object].join(' '))
  })
}

function named({ kind, schema, name }: CatalogRelation): string {
  return `${kind} ${schema}.${name}`
}

/** New names by old ones. */
function renamedColumns(old: RawRelation | undefined, now: RawRelation | undefined): Map<string, string> {
  const renamed = new Map<string, string>()
  for (const [number, name] of old?.names ?? []) {
    const other = now?.names.get(number)
    if (other !== undefined && other !== name) renamed.set(name, other)
  }
  return renamed
}

function changesOf(was: CatalogRelation, is: CatalogRelation, columns: ReadonlyMap<string, string>): string[] {
  const table = `${is.schema}.${is.name}`
  const renamed = named(was) === named(is) ? [] : [`renames ${named(was)} to ${table}`]
  const moved = [...columns].map(([from, to]) => `renames column ${table}.${from} to ${to}`)
  const renamedBefore = was.columns.map((column) => ({ ...column, name: columns.get(column.name) ?? column.name }))
  return [...renamed, ...moved, ...columnChanges(renamedBefore, is.columns, table), ...constraintChanges(was, is, table)]
}

function columnChanges(was: readonly CatalogColumn[], is: readonly CatalogColumn[], table: string): string[] {
  const before = new Map(was.map((column) => [column.name, column]))
  const after = new Map(is.map((column) => [column.name, column]))
  const dropped = was.filter(({ name }) => !after.has(name)).map(({ name }) => `drops column ${table}.${name}`)
  return [
    ...dropped,
    ...is.flatMap((column) => {
      const old = before.get(column.name)
      if (!old) return [`adds column ${table}.${column.name}`]
      return [
        ...(old.type === column.type ? [] : [`changes ${table}.${column.name} from ${old.type} to ${column.type}`]),
        ...(old.notNull === column.notNull ? [] : [`makes ${table}.${column.name} ${column.notNull ? 'not null' : 'nullable'}`]),
      ]
    }),
  ]
}

function constraintChanges(was: CatalogRelation, is: CatalogRelation, table: string): string[] {
  // NOT NULL is told of the column.
  const told = ({ constraints }: CatalogRelation) => constraints.filter(({ type }) => type !== 'not null')
  const before = new Map(told(was).map((constraint) => [constraint.name, constraint]))
  const after = new Map(told(is).map((constraint) => [constraint.name, constraint]))
  const dropped = [...before.values()].filter(({ name }) => !after.has(name)).map(({ name, type }) => `drops ${type} ${name} of ${table}`)
  return [
    ...dropped,
    ...[...after.values()].flatMap(({ name, type, valid }) => {
      const old = before.get(name)
      if (!old) return [`adds ${type} ${name} to ${table}`]
      return valid && !old.valid ? [`validates ${type} ${name} of ${table}`] : []
    }),
  ]
}

/** An index that is there for a constraint is told of as the constraint. */
function backsConstraint({ kind, name, table }: CatalogRelation, { relations }: LiveCatalog): boolean {
  if (kind !== 'index' && kind !== 'partitioned index') return false
  return relations.get(table ?? '')?.constraints.some((one) => one.index === name && one.type !== 'foreign key') ?? false
}
