import type { CatalogIndex } from '../catalog.ts'
import { type Effects, type IndexBuild, isStronger, type LockMode, type RelationKind } from '../effects.ts'
import type { Operation } from '../operation.ts'
import { indexesOf, keyOf, locksDependencies, nameOf, relationOf, type Scene, splitKey, stored } from './knowledge.ts'

/** Gathers the effects of one operation. Relations that are not there, or that the statement makes, are passed over. */
export interface Recorder {
  lock(keys: string | string[], mode: LockMode, kind?: RelationKind): void
  /** What something new depends on: see `locksDependencies`. */
  depend(keys: string | string[], kind: RelationKind): void
  /** Every index of the tables. */
  lockIndexes(keys: string | string[], mode: LockMode): void
  /** New files for those of the tables that have files, and with them all their indexes. */
  rewrite(keys: string | string[]): void
  /** New files for the tables, whose indexes stay as they are. */
  move(keys: string | string[]): void
  scan(keys: string | string[]): void
  build(build: Omit<IndexBuild, 'existed' | 'concurrently'> & { concurrently?: boolean }): void
  effects(): Effects
}

const KINDS: Record<string, RelationKind> = {
  table: 'table',
  'partitioned table': 'table',
  'materialized view': 'table',
  'foreign table': 'table',
  view: 'view',
  index: 'index',
  'partitioned index': 'index',
  sequence: 'sequence',
}
const SYSTEM = new Set(['pg_catalog', 'information_schema', 'pg_toast'])

export function openRecorder(scene: Scene, operation: Operation): Recorder {
  const own = kindOfSubject(operation)
  const locks = new Map<string, Effects['locks'][number]>()
  const rewrites = new Set<string>()
  const scans = new Set<string>()
  const builds = new Map<string, IndexBuild>()
  const { known } = scene

  function lockOne(key: string, mode: LockMode, kind: RelationKind): void {
    if (SYSTEM.has(splitKey(key)[0]) || scene.created.has(key)) return
    const relation = kind === 'type' ? undefined : relationOf(scene, key)
    if (known.catalog && !relation && kind !== 'type') return
    const name = relation ? keyOf(relation) : key
    const found = relation ? (KINDS[relation.kind] ?? 'other') : kind === 'table' && key === operation.table?.key ? own : kind
    const held = locks.get(`${found} ${name}`)
    if (!held || isStronger(mode, held.mode))
      locks.set(`${found} ${name}`, { relation: name, kind: found, mode, existed: known.existed(name) })
  }

  const recorder: Recorder = {
    lock(keys, mode, kind = 'table') {
      for (const key of [keys].flat()) lockOne(key, mode, kind)
    },
    depend(keys, kind) {
      if (locksDependencies(scene)) recorder.lock(keys, 'AccessShareLock', kind)
    },
    lockIndexes(keys, mode) {
      for (const key of [keys].flat()) for (const index of indexesOf(scene, key)) lockOne(keyOf(index), mode, 'index')
    },
    rewrite(keys) {
      for (const key of stored(scene, [keys].flat())) {
        if (known.existed(nameOf(scene, key))) rewrites.add(nameOf(scene, key))
        for (const index of indexesOf(scene, key)) {
          lockOne(keyOf(index), 'AccessExclusiveLock', 'index')
          recorder.build({ index: index.name, table: nameOf(scene, key), constraint: constraintOf(scene, key, index) })
        }
      }
    },
    move(keys) {
      for (const key of stored(scene, [keys].flat())) if (known.existed(nameOf(scene, key))) rewrites.add(nameOf(scene, key))
    },
    scan(keys) {
      for (const key of stored(scene, [keys].flat()))
        if (known.existed(nameOf(scene, key)) && !scene.created.has(key)) scans.add(nameOf(scene, key))
    },
    build({ concurrently = false, ...build }) {
      builds.set(`${build.table} ${build.index}`, {
        ...build,
        concurrently,
        existed: known.existed(build.table) && !scene.created.has(build.table),
      })
    },
    effects: () => ordered({ locks: [...locks.values()], rewrites: [...rewrites], scans: [...scans], builds: [...builds.values()] }),
  }
  return recorder
}

/** What the statement itself says its relation is. */
function kindOfSubject({ action, object, statement }: Operation): RelationKind {
  const said = [object, action, statement].map(String).find((text) => /\b(index|view|sequence|table)$/.test(text)) ?? ''
  if (said === 'materialized view' || said.endsWith(' materialized view')) return 'table'
  return /index$/.test(said) && action !== 'create index'
    ? 'index'
    : /view$/.test(said)
      ? 'view'
      : /sequence$/.test(said)
        ? 'sequence'
        : 'table'
}

/** What an index enforces. */
export function constraintOf(scene: Scene, key: string, index: CatalogIndex): IndexBuild['constraint'] {
  const owner = relationOf(scene, key)?.constraints.find((one) => one.index === index.name && one.type !== 'foreign key')
  return owner?.type === 'primary key' || owner?.type === 'unique' || owner?.type === 'exclusion' ? owner.type : null
}

/** The effects of a statement: those of its operations, the strongest lock a relation. A rewrite reads the table too, and is the greater evil. */
export function unite(all: Effects[]): Effects {
  const locks = new Map<string, Effects['locks'][number]>()
  for (const lock of all.flatMap((one) => one.locks)) {
    const held = locks.get(`${lock.kind} ${lock.relation}`)
    if (!held || isStronger(lock.mode, held.mode)) locks.set(`${lock.kind} ${lock.relation}`, lock)
  }
  const rewrites = new Set(all.flatMap((one) => one.rewrites))
  const scans = new Set(all.flatMap((one) => one.scans).filter((key) => !rewrites.has(key)))
  const builds = new Map(all.flatMap((one) => one.builds).map((build) => [`${build.table} ${build.index}`, build]))
  return ordered({ locks: [...locks.values()], rewrites: [...rewrites], scans: [...scans], builds: [...builds.values()] })
}

function ordered({ locks, rewrites, scans, builds }: Effects): Effects {
  const by = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  return {
    locks: locks.sort((a, b) => by(a.relation, b.relation)),
    rewrites: rewrites.sort(by),
    scans: scans.filter((key) => !rewrites.includes(key)).sort(by),
    builds: builds.sort((a, b) => by(a.index, b.index)),
  }
}
