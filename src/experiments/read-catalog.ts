import { createHash } from 'node:crypto'
import type { Clone, Step } from '../clones/clone.ts'
import { ServiceError } from '../errors.ts'
import { BUILT_IN_FUNCTIONS, FUNCTIONS, linkQueries, PUBLICATIONS, relationQueries, SETTINGS, TYPES } from './catalog-queries.ts'
import { number, type RawRelation, type Row, rawRelations } from './catalog-rows.ts'
import { type LiveCatalog, linksOf, publicationsOf, relationsOf, settingsOf, typesOf, usesType, volatilityOf } from './live-catalog.ts'

/**
 * Statistics of a clone's system catalogs are those of an empty database, so the planner is told that indexes are better. Plans are kept,
 * so once is enough.
 */
const PLANNING: Step = {
  sql: ['begin', 'set local enable_seqscan = off', 'set local enable_hashjoin = off', 'set local enable_mergejoin = off'],
}
const DONE: Step = { sql: ['commit'], always: true }
const planned = new WeakMap<Clone, Set<string>>()

const never = new AbortController().signal
const builtIn = new Map<string, Row[]>()

/** Everything a clone holds. Rejects with a ServiceError when the clone is gone. */
export async function readCatalog(clone: Clone): Promise<LiveCatalog> {
  const relations = Object.entries(relationQueries('all', clone.postgres)).map(([name, sql]) => ({ sql, name: `all ${name}` }))
  const queries = linkQueries('all', undefined)
  const links = [...queries].map(([name, sql]) => ({ sql, name: `all ${name}` }))
  const steps: Step[] = [
    ...relations,
    { sql: TYPES, name: 'types' },
    { sql: FUNCTIONS, name: 'functions' },
    { sql: PUBLICATIONS, name: 'publications' },
    { sql: SETTINGS, name: 'settings' },
    { sql: BUILT_IN_FUNCTIONS, name: 'built-in functions' },
    ...links,
  ]
  const [
    classes = [],
    columns = [],
    constraints = [],
    indexes = [],
    types = [],
    functions = [],
    publications = [],
    settings = [],
    builtIns = [],
    ...linked
  ] = await askOnce(clone, steps)
  builtIn.set(clone.version, builtIns)
  const asked = new Set<string>(queries.keys())
  const raw = new Map(rawRelations({ classes, columns, constraints, indexes, links: linked.flat(), asked }).map((one) => [one.oid, one]))
  const rawTypes = new Map(types.map((type) => [number(type, 'oid'), type]))
  const { timeZone, searchPath } = settingsOf(settings)
  return {
    postgres: clone.postgres,
    version: clone.version,
    timeZone,
    searchPath,
    raw,
    rawTypes,
    relations: relationsOf(raw, new Set(raw.keys()), new Map()),
    types: typesOf(rawTypes, raw),
    volatility: volatilityOf(builtIns, functions, searchPath),
    publications: publicationsOf(publications),
  }
}

/**
 * The catalog after a statement: `touched` are the oids of the relations it locked, created or dropped, `kind` and `text` are the
 * statement's. Relations it did not touch cannot have changed, but for a schema that was renamed.
 */
export async function refreshCatalog(
  clone: Clone,
  catalog: LiveCatalog,
  touched: Iterable<number>,
  { kind, text }: { kind: string; text: string },
): Promise<LiveCatalog> {
  if (/^(?:alter|drop) (?:schema|extension)$/.test(kind) || /\balter\s+schema\b/i.test(text)) return await readCatalog(clone)
  const dynamic = /^(?:do|call|execute)$/.test(kind)
  const oids = new Set(touched)
  let { raw, relations } = catalog
  if (oids.size > 0) ({ raw, relations } = await refreshRelations(clone, catalog, oids, text))
  const about = (pattern: RegExp): boolean => pattern.test(kind) || (dynamic && pattern.test(text))
  const uses = [...oids].some(
    (oid) =>
      catalog.raw.get(oid)?.columns.some(usesType) || raw.get(oid)?.columns.some(usesType) || raw.get(oid)?.kind === 'composite type',
  )
  const asked = {
    types: about(/\b(?:type|domain|extension|owned)\b/i),
    functions: about(/\b(?:function|procedure|routine|aggregate|extension|owned)\b/i),
    publications: about(/\bpublication\b/i),
    settings: about(/\b(?:set|reset|discard)\b/i) || /\bset_config\b/i.test(text),
  }
  const [types, functions, publications, settings] = await askSome(clone, [
    asked.types && { sql: TYPES, name: 'types' },
    asked.functions && { sql: FUNCTIONS, name: 'functions' },
    asked.publications && { sql: PUBLICATIONS, name: 'publications' },
    asked.settings && { sql: SETTINGS, name: 'settings' },
  ])
  // Another search path makes the server plan again.
  if (settings) planned.delete(clone)
  const rawTypes = types ? new Map(types.map((type) => [number(type, 'oid'), type])) : catalog.rawTypes
  const now = settings ? settingsOf(settings) : catalog
  return {
    ...catalog,
    raw,
    relations,
    rawTypes,
    timeZone: now.timeZone,
    searchPath: now.searchPath,
    types: types || uses ? typesOf(rawTypes, raw) : catalog.types,
    ...(functions && { volatility: volatilityOf(builtIn.get(clone.version) ?? [], functions, now.searchPath) }),
    ...(publications && { publications: publicationsOf(publications) }),
  }
}

async function refreshRelations(
  clone: Clone,
  catalog: LiveCatalog,
  oids: ReadonlySet<number>,
  text: string,
): Promise<Pick<LiveCatalog, 'raw' | 'relations'>> {
  const raw = new Map(catalog.raw)
  const affected = new Set<number>()
  for (let pending = oids; pending.size > 0; ) {
    const read = new Map((await readSome(clone, pending, text, raw)).map((one) => [one.oid, one]))
    const renamed = new Set<number>()
    for (const oid of pending) {
      const [before, after] = [raw.get(oid), read.get(oid)]
      if (
        before &&
        (before.key !== after?.key || before.columns.some((column) => after.names.get(number(column, 'number')) !== column.name))
      )
        renamed.add(oid)
      if (after) raw.set(oid, after)
      else raw.delete(oid)
      for (const one of [oid, ...linksOf(before), ...linksOf(after)]) affected.add(one)
    }
    // Definitions of foreign keys quote the names of the table they point to; everything else that names it is a link.
    if (renamed.size === 0) break
    const pointing = [...raw.values()].filter(
      (one) => !affected.has(one.oid) && one.constraints.some((row) => renamed.has(number(row, 'referenced'))),
    )
    for (const one of raw.values()) if (linksOf(one).some((oid) => renamed.has(oid))) affected.add(one.oid)
    pending = new Set(pointing.map((one) => one.oid))
  }
  return { raw, relations: relationsOf(raw, affected, catalog.relations, catalog.raw) }
}

async function readSome(
  clone: Clone,
  oids: ReadonlySet<number>,
  text: string,
  before: ReadonlyMap<number, RawRelation>,
): Promise<RawRelation[]> {
  const parameters = [`{${[...oids].join(',')}}`]
  const queries = linkQueries('some', text)
  const steps = [...Object.entries(relationQueries('some', clone.postgres)), ...queries].map(([name, sql]) => ({
    sql,
    name: `some ${name}`,
    parameters,
  }))
  const known = planned.get(clone) ?? new Set()
  const fresh = steps.some(({ name }) => !known.has(name))
  planned.set(clone, new Set([...known, ...steps.map(({ name }) => name)]))
  const rows = fresh ? (await ask(clone, [PLANNING, ...steps, DONE])).slice(1, -1) : await ask(clone, steps)
  const [classes = [], columns = [], constraints = [], indexes = [], ...links] = rows
  return rawRelations({ classes, columns, constraints, indexes, links: links.flat(), asked: new Set(queries.keys()) }, before)
}

/** The answers are kept with the base: reading them anew takes a third of the time of a review on a large schema. */
async function askOnce(clone: Clone, steps: Step[]): Promise<Row[][]> {
  if (!clone.memo) return await ask(clone, steps)
  const name = `catalog-${createHash('sha256').update(JSON.stringify(steps)).digest('hex').slice(0, 12)}`
  try {
    return JSON.parse(await clone.memo(name, async () => JSON.stringify(await ask(clone, steps)))) as Row[][]
  } catch (error) {
    // What was kept may be damaged.
    if (error instanceof SyntaxError) return await ask(clone, steps)
    throw error
  }
}

async function ask(clone: Clone, steps: Step[]): Promise<Row[][]> {
  const outcomes = await clone.batch(steps, never)
  return outcomes.map(({ error, values }, index) => {
    if (error) throw new ServiceError(`${clone.provider} clone`, `reading the catalog (${steps[index]?.name}) failed: ${error.message}`)
    return values
  })
}

/** Asks what is not false; the answers stand where the questions stood. */
async function askSome(clone: Clone, steps: Array<Step | false>): Promise<Array<Row[] | undefined>> {
  const wanted = steps.filter((step) => step !== false)
  const answers = wanted.length > 0 ? await ask(clone, wanted) : []
  return steps.map((step) => (step === false ? undefined : answers.shift()))
}
