import type { Notice } from '../clones/clone.ts'
import { type Effects, type IndexBuild, isStronger, type LockMode, type RelationKind, type RelationLock } from '../sql/effects.ts'
import type { Statement } from '../sql/statement.ts'
import { number, type RawRelation, type Row } from './catalog-rows.ts'
import type { LiveCatalog } from './live-catalog.ts'

/** What was seen of one statement. */
export interface Observation {
  statement: Statement
  /** Rows of the LOCKS query; empty when it ran outside a transaction. */
  locks: Row[]
  /** The file each relation has afterwards. */
  files: ReadonlyMap<number, number>
  /** Debug messages included. */
  notices: Notice[]
  before: LiveCatalog
  after: LiveCatalog
  /** What there was when the script began. */
  atStart: LiveCatalog
}

const BUILDING = /^building index "(.+)" on table "(.+)" (?:serially|with request for \d+ parallel workers?)$/s
const VERIFYING = /^verifying table "(.+)"$/s
const VALIDATING = /^validating foreign key constraint "(.+)"$/s
const IMPLIED = /^updated partition constraint for default partition "(.+)" is implied by existing constraints$/s

/** What the server did, in the words of `sql/effects.ts`; the header of effects.ts says what counts. */
export function effectsOf(seen: Observation): Effects {
  const rewrites = rewritesOf(seen)
  const builds = buildsOf(seen)
  const scanned = new Set([...scansOf(seen), ...builds.filter(({ existed }) => existed).map(({ table }) => table)])
  for (const table of rewrites) scanned.delete(table)
  return { locks: locksOf(seen), rewrites: [...rewrites].sort(), scans: [...scanned].sort(), builds }
}

function locksOf({ locks, before, atStart }: Observation): RelationLock[] {
  const strongest = new Map<string, RelationLock>()
  for (const row of locks) {
    const mode = row.mode as LockMode
    const held = row.relation === null ? typeLock(row, mode, before, atStart) : relationLock(row, mode, before, atStart)
    if (!held) continue
    const place = `${held.kind} ${held.relation}`
    const known = strongest.get(place)
    if (!known || isStronger(mode, known.mode)) strongest.set(place, held)
  }
  return [...strongest.values()].sort((a, b) => (a.relation < b.relation ? -1 : a.relation > b.relation ? 1 : 0))
}

function relationLock(row: Row, mode: LockMode, before: LiveCatalog, atStart: LiveCatalog): RelationLock | undefined {
  const oid = number(row, 'relation')
  const relation = before.raw.get(oid)
  if (!relation || isTemporary(relation)) return undefined
  if (relation.kind === 'composite type' && mode === 'AccessShareLock') return undefined
  return { relation: relation.key, kind: kindOf(relation), mode, existed: atStart.raw.has(oid) }
}

/** Creating anything takes AccessShareLock on the types it uses, which says nothing. */
function typeLock(row: Row, mode: LockMode, before: LiveCatalog, atStart: LiveCatalog): RelationLock | undefined {
  const oid = number(row, 'type')
  const type = before.rawTypes.get(oid)
  if (!type || mode === 'AccessShareLock') return undefined
  return { relation: `${type.schema}.${type.name}`, kind: 'type', mode, existed: atStart.rawTypes.has(oid) }
}

function kindOf({ kind }: RawRelation): RelationKind {
  if (kind === 'index' || kind === 'partitioned index') return 'index'
  if (kind === 'composite type') return 'type'
  return kind === 'view' || kind === 'sequence' ? kind : 'table'
}

function isTemporary({ row }: RawRelation): boolean {
  return row.persistence === 't'
}

function rewritesOf({ files, before, atStart }: Observation): Set<string> {
  const rewrites = new Set<string>()
  for (const [oid, file] of files) {
    const relation = before.raw.get(oid)
    const hasFile = relation?.kind === 'table' || relation?.kind === 'materialized view'
    if (relation && hasFile && relation.file !== file && atStart.raw.has(oid) && !isTemporary(relation)) rewrites.add(relation.key)
  }
  return rewrites
}

function buildsOf(seen: Observation): IndexBuild[] {
  const { statement, notices, after, atStart } = seen
  const concurrently = /\bconcurrently\b/i.test(statement.text) && !/^do\b/i.test(statement.text)
  const builds = new Map<string, IndexBuild>()
  for (const { message } of notices) {
    const [, name, tableName] = BUILDING.exec(message) ?? []
    const table = tableName === undefined ? undefined : tableNamed(tableName, seen)
    if (name === undefined || !table || isTemporary(table)) continue
    // REINDEX CONCURRENTLY builds a copy under another name.
    const index = concurrently ? name.replace(/_ccnew\d*$/, '') : name
    const constraint = constraintOf(index, after.relations.get(after.raw.get(table.oid)?.key ?? '')?.constraints ?? [])
    builds.set(`${table.key} ${index}`, { index, table: table.key, concurrently, constraint, existed: atStart.raw.has(table.oid) })
  }
  return [...builds.values()]
}

function constraintOf(index: string, constraints: ReadonlyArray<{ type: string; index?: string }>): IndexBuild['constraint'] {
  const type = constraints.find((one) => one.index === index && one.type !== 'foreign key')?.type
  return type === 'primary key' || type === 'unique' || type === 'exclusion' ? type : null
}

function scansOf(seen: Observation): string[] {
  const { before, atStart } = seen
  const existing = [...scansTold(seen), ...scansUntold(seen)].filter((table) => atStart.raw.has(table.oid) && !isTemporary(table))
  return existing.map((table) => before.raw.get(table.oid)?.key ?? table.key)
}

function scansTold(seen: Observation): RawRelation[] {
  return seen.notices.flatMap(({ message }) => {
    const constraint = VALIDATING.exec(message)?.[1]
    if (constraint !== undefined) return validated(constraint, seen)
    const name = VERIFYING.exec(message)?.[1]
    return (name === undefined ? undefined : tableNamed(name, seen)) ?? []
  })
}

/** The check of a domain's constraint, and that of the default partition when another is created, are done without a word. */
function scansUntold({ statement, locks, notices, before }: Observation): RawRelation[] {
  const locked = (mode: LockMode): RawRelation[] =>
    locks.filter((row) => row.mode === mode).flatMap((row) => before.raw.get(number(row, 'relation')) ?? [])
  if (statement.kind === 'alter domain') return locked('ShareLock').filter((table) => kindOf(table) === 'table')
  if (statement.kind !== 'create table' || !/\bpartition\s+of\b/i.test(statement.text)) return []
  const implied = new Set(notices.map(({ message }) => IMPLIED.exec(message)?.[1]))
  return locked('AccessExclusiveLock').filter(
    (table) => table.kind === 'table' && isUnderDefault(table, before) && !implied.has(table.row.name ?? undefined),
  )
}

/** The default partition, or a partition of it. */
function isUnderDefault(table: RawRelation, catalog: LiveCatalog): boolean {
  if (table.row.bounds === 'DEFAULT') return true
  const parents = table.parents.flatMap((parent) => catalog.raw.get(parent) ?? [])
  return table.row.isPartition === 't' && parents.some((parent) => isUnderDefault(parent, catalog))
}

/** Tables with rows of their own whose foreign key of this name is valid now and was not before. */
function validated(constraint: string, { locks, before, after }: Observation): RawRelation[] {
  // A constraint that a new type of its column makes anew is checked anew: it has another number.
  const valid = (table: RawRelation | undefined): Array<string | null | undefined> =>
    (table?.constraints ?? []).filter((row) => row.name === constraint && row.type === 'f' && row.valid === 't').map((row) => row.number)
  const oids = new Set(locks.map((row) => number(row, 'relation')))
  return [...oids].flatMap((oid) => {
    const table = after.raw.get(oid)
    const known = valid(before.raw.get(oid))
    return table?.kind === 'table' && valid(table).some((one) => !known.includes(one)) ? [table] : []
  })
}

/** Messages name tables without their schema: it is one of those locked or, when the locks are gone, any. */
function tableNamed(name: string, { locks, files, before, after }: Observation): RawRelation | undefined {
  const oids = locks.length > 0 ? new Set(locks.map((row) => number(row, 'relation'))) : new Set(files.keys())
  const candidates = [...oids].flatMap((oid) => {
    const [old, now] = [before.raw.get(oid), after.raw.get(oid)]
    const known = old ?? now
    const isIt = known && [old?.row.name, now?.row.name].includes(name)
    return isIt && (known.kind === 'table' || known.kind === 'materialized view') ? [known] : []
  })
  const strongLocks = (table: RawRelation): number =>
    locks.filter((row) => number(row, 'relation') === table.oid && row.mode !== 'AccessShareLock').length
  return candidates.sort((a, b) => strongLocks(b) - strongLocks(a))[0]
}
