/** Commands on whole tables, and on the objects beside them. */
import type { LockMode } from '../effects.ts'
import { LOCK_MODES } from '../effects.ts'
import { lockWords, type Operation } from '../operation.ts'
import { isPartitioned, keyOf, nameOf, partitionsOf, readsOf, referencesTo, relationOf, type Scene, stored, treeOf } from './knowledge.ts'
import { addDefaultPartitionScan, takeOverFromParent } from './partitions.ts'
import { locks, type Predictor, type Predictors, subject, word, words } from './predictor.ts'
import { lockAncestors, planRead, readKeys } from './queries.ts'
import type { Recorder } from './recorder.ts'

export const TABLES: Predictors = {
  'create table': createTable,
  'create foreign table': createTable,
  'create table as': createFromQuery,
  'create materialized view': createFromQuery,
  'create view': createView,
  'refresh materialized view': refresh,
  truncate,
  'lock table': lockTable,
  cluster,
  vacuum,
  analyze,
  comment,
  grant,
  revoke: grant,
  'create statistics': locks('ShareUpdateExclusiveLock'),
  'create publication': publish,
  'alter publication': publish,
  'create sequence': ownSequence,
  'alter sequence': alterSequence,
  'rename sequence': locks('AccessExclusiveLock'),
}

function createTable(...[operation, scene, effects]: Parameters<Predictor>): void {
  effects.lock(words(operation.like), 'AccessShareLock')
  for (const key of words(operation.likeDefaults))
    effects.depend(
      relationOf(scene, key)?.columns.flatMap(({ identity, sequence }) => (sequence && !identity ? [sequence] : [])) ?? [],
      'sequence',
    )
  effects.lock(words(operation.parents), 'ShareUpdateExclusiveLock')
  const parent = word(operation.partitionOf)
  if (parent === undefined) return
  effects.lock(parent, 'AccessExclusiveLock')
  takeOverFromParent(scene, parent, undefined, effects)
  addDefaultPartitionScan(scene, parent, word(operation.bounds), effects)
}

/** With data the query is planned and run; without, its relations are only looked at. */
function createFromQuery(...[operation, scene, effects]: Parameters<Predictor>): void {
  for (const key of readKeys(operation))
    operation.withData === false ? effects.lock(key, 'AccessShareLock') : planRead(scene, key, 'AccessShareLock', effects)
}

function createView(operation: Operation, _: Scene, effects: Recorder): void {
  effects.lock(readKeys(operation), 'AccessShareLock')
  if (operation.table && operation.replace && !operation.table.new) effects.lock(operation.table.key, 'AccessExclusiveLock', 'view')
}

function refresh(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(key, operation.concurrently ? 'ExclusiveLock' : 'AccessExclusiveLock')
  if (operation.withData !== false) for (const read of readsOf(scene, nameOf(scene, key))) planRead(scene, read, 'AccessShareLock', effects)
  if (operation.concurrently) effects.lockIndexes(key, 'RowExclusiveLock')
  else effects.rewrite(key)
}

/** TRUNCATE gives its tables new, empty files, and with CASCADE the tables that reference them. */
function truncate(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  const tables = new Set(operation.only ? [nameOf(scene, key)] : treeOf(scene, key))
  if (operation.cascade)
    for (const one of tables)
      for (const { table } of referencesTo(scene, one)) for (const child of treeOf(scene, keyOf(table))) tables.add(child)
  effects.lock([...tables], 'AccessExclusiveLock')
  lockAncestors(scene, [...tables], effects)
  effects.rewrite([...tables])
  if (operation.restartIdentity)
    effects.lock(
      [...tables].flatMap((one) => relationOf(scene, one)?.ownedSequences ?? []),
      'AccessExclusiveLock',
      'sequence',
    )
}

function lockTable(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  const mode = LOCK_MODES.find((one) => lockWords(one) === operation.mode) ?? 'AccessExclusiveLock'
  if (key !== undefined) lockThrough(scene, key, mode, operation.only === true, effects)
}

/** LOCK TABLE of a view locks what it reads. */
function lockThrough(scene: Scene, key: string, mode: LockMode, only: boolean, effects: Recorder): void {
  effects.lock(only ? key : treeOf(scene, key), mode)
  if (relationOf(scene, key)?.kind === 'view')
    for (const read of readsOf(scene, nameOf(scene, key))) lockThrough(scene, read, mode, false, effects)
}

/** A partitioned table is clustered by its partitions. */
function cluster(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(partitionsOf(scene, key), 'AccessExclusiveLock')
  effects.rewrite(partitionsOf(scene, key))
}

function vacuum(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(treeOf(scene, key), operation.full ? 'AccessExclusiveLock' : 'ShareUpdateExclusiveLock')
  if (operation.full) effects.rewrite(treeOf(scene, key))
  else effects.lockIndexes(stored(scene, treeOf(scene, key)), 'RowExclusiveLock')
}

function analyze(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  if (relationOf(scene, key)?.kind === 'view') return
  const tree = treeOf(scene, key)
  // Inheritance children are only read for the whole's statistics until 17; since 18, like partitions, for their own too.
  const analyzed = scene.known.postgres >= 18 || isPartitioned(scene, key) ? tree : tree.slice(0, 1)
  effects.lock(tree, 'AccessShareLock')
  effects.lock(analyzed, 'ShareUpdateExclusiveLock')
  effects.lockIndexes(stored(scene, analyzed), 'AccessShareLock')
}

const HELD_LIGHTLY = new Set(['constraint', 'trigger', 'rule', 'policy'])

function comment({ object, table, type }: Operation, _: Scene, effects: Recorder): void {
  if (table) effects.lock(table.key, HELD_LIGHTLY.has(String(object)) ? 'AccessShareLock' : 'ShareUpdateExclusiveLock')
  if (typeof type === 'string') effects.lock(type, 'ShareUpdateExclusiveLock', 'type')
}

/** Since 18 privileges are changed under a lock. */
function grant({ table }: Operation, { known: { postgres } }: Scene, effects: Recorder): void {
  if (postgres < 18) return
  if (table) effects.lock(table.key, 'AccessShareLock')
}

/** ALTER PUBLICATION … SET TABLE also locks the tables that go. */
function publish({ name, tables, what }: Operation, { known: { catalog } }: Scene, effects: Recorder): void {
  effects.lock(words(tables), 'ShareUpdateExclusiveLock')
  if (what === 'set') effects.lock(catalog?.publications?.get(String(name)) ?? [], 'ShareUpdateExclusiveLock')
}

function ownSequence({ ownedBy }: Operation, _: Scene, effects: Recorder): void {
  if (typeof ownedBy === 'string') effects.lock(ownedBy, 'AccessShareLock')
}

function alterSequence(...[operation, scene, effects]: Parameters<Predictor>): void {
  if (operation.table) effects.lock(operation.table.key, 'ShareRowExclusiveLock', 'sequence')
  ownSequence(operation, scene, effects)
}
