/** Subcommands of ALTER TABLE about the table itself, and what stands on it: triggers, rules, policies. */
import type { LockMode, RelationKind } from '../effects.ts'
import type { Operation } from '../operation.ts'
import { indexesOf, keyOf, nameOf, partitionsOf, relationOf, type Scene, splitKey } from './knowledge.ts'
import { locks, type Predictor, type Predictors, subject, word, words } from './predictor.ts'
import { readKeys } from './queries.ts'
import type { Recorder } from './recorder.ts'

const exclusive = locks('AccessExclusiveLock')
const onPartitions =
  (mode: LockMode): Predictor =>
  (operation, scene, effects) => {
    const key = subject(operation, scene)
    if (key !== undefined) effects.lock(operation.only ? key : partitionsOf(scene, key), mode)
  }

export const ALTERATIONS: Predictors = {
  'rename table': exclusive,
  'rename view': locks('AccessExclusiveLock'),
  'alter view': exclusive,
  'alter materialized view': exclusive,
  'set schema': setSchema,
  'set tablespace': setTablespace,
  'set access method': setAccessMethod,
  'set logged': (operation, scene, effects) => setPersistence(operation, scene, 'permanent', effects),
  'set unlogged': (operation, scene, effects) => setPersistence(operation, scene, 'unlogged', effects),
  'set options': setOptions,
  'reset options': setOptions,
  'cluster on': clusterOn,
  'set without cluster': locks('ShareUpdateExclusiveLock'),
  'set without oids': exclusive,
  'enable trigger': onPartitions('ShareRowExclusiveLock'),
  'disable trigger': onPartitions('ShareRowExclusiveLock'),
  'enable rule': exclusive,
  'disable rule': exclusive,
  'enable row level security': exclusive,
  'disable row level security': exclusive,
  'force row level security': exclusive,
  'no force row level security': exclusive,
  of: exclusive,
  'not of': exclusive,
  'owner to': ownerTo,
  'replica identity': replicaIdentity,
  'create trigger': createTrigger,
  'drop trigger': dropTrigger,
  'rename trigger': renameTrigger,
  'alter trigger': locks('AccessShareLock'),
  'create rule': createRule,
  'drop rule': exclusive,
  'rename rule': exclusive,
  'create policy': policy,
  'alter policy': policy,
  'drop policy': dropPolicy,
  'rename policy': exclusive,
}

/** The sequences a table owns move with it. */
function setSchema(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(key, 'AccessExclusiveLock', kindOf(operation))
  effects.lock(relationOf(scene, key)?.ownedSequences ?? [], 'AccessExclusiveLock', 'sequence')
}

function kindOf({ object }: Operation): RelationKind {
  return object === 'view' || object === 'sequence' || object === 'index' ? object : 'table'
}

function setTablespace(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(key, 'AccessExclusiveLock', kindOf(operation))
  const relation = relationOf(scene, key)
  // The file is copied as it is: indexes stay where they are, and are not built again.
  const moves = operation.to !== (relation?.tablespace ?? 'pg_default')
  if (moves && (relation === undefined ? kindOf(operation) === 'table' : ['table', 'materialized view'].includes(relation.kind)))
    effects.move(key)
}

function setAccessMethod(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(key, 'AccessExclusiveLock')
  const to = operation.to === 'default' ? 'heap' : operation.to
  if (to !== (relationOf(scene, key)?.accessMethod ?? (scene.known.catalog ? to : 'unknown'))) effects.rewrite(key)
}

function setPersistence(operation: Operation, scene: Scene, persistence: string, effects: Recorder): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(key, 'AccessExclusiveLock', kindOf(operation))
  const relation = relationOf(scene, key)
  if (relation?.persistence === persistence || kindOf(operation) !== 'table') return
  effects.rewrite(key)
  // Since 15 a sequence that a table owns follows it, with a file of its own.
  if (scene.known.postgres >= 15) effects.lock(relation?.ownedSequences ?? [], 'AccessExclusiveLock', 'sequence')
}

/** Storage parameters that plans or old snapshots depend on: `lockmode` in reloptions.c. Those of views are among them. */
const EXCLUSIVE_OPTIONS = new Set([
  'user_catalog_table',
  'security_barrier',
  'security_invoker',
  'check_option',
  'fastupdate',
  'gin_pending_list_limit',
  'buffering',
  'pages_per_range',
  'autosummarize',
  'toast.user_catalog_table',
])

function setOptions(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  const isExclusive = operation.object === 'foreign table' || words(operation.options).some((option) => EXCLUSIVE_OPTIONS.has(option))
  const mode = isExclusive ? 'AccessExclusiveLock' : 'ShareUpdateExclusiveLock'
  effects.lock(key, mode, kindOf(operation))
}

function clusterOn({ table, index }: Operation, scene: Scene, effects: Recorder): void {
  if (!table) return
  effects.lock(table.key, 'ShareUpdateExclusiveLock')
  if (index?.name)
    effects.lock(keyOf({ schema: splitKey(nameOf(scene, table.key))[0], name: index.name }), 'ShareUpdateExclusiveLock', 'index')
}

function replicaIdentity({ table, index }: Operation, scene: Scene, effects: Recorder): void {
  if (!table) return
  effects.lock(table.key, 'AccessExclusiveLock')
  if (index?.name) effects.lock(keyOf({ schema: splitKey(nameOf(scene, table.key))[0], name: index.name }), 'ShareLock', 'index')
}

/** Giving a table away gives its indexes and sequences away; to the role that has it already, nothing more happens. */
function ownerTo(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(key, 'AccessExclusiveLock', kindOf(operation))
  if (['current_user', 'session_user', 'current_role'].includes(String(operation.to))) return
  effects.lock(indexesOf(scene, key).map(keyOf), 'AccessExclusiveLock', 'index')
  effects.lock(relationOf(scene, key)?.ownedSequences ?? [], 'AccessExclusiveLock', 'sequence')
}

/** A trigger for each row of a partitioned table stands on every partition. */
function createTrigger(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(operation.each === 'statement' ? key : partitionsOf(scene, key), 'ShareRowExclusiveLock')
  const from = word(operation.from)
  if (from !== undefined) effects.lock(from, 'AccessShareLock')
}

/** Since 15 the trigger's copies on the partitions are renamed with it. */
function renameTrigger(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key !== undefined) effects.lock(scene.known.postgres >= 15 ? partitionsOf(scene, key) : key, 'AccessExclusiveLock')
}

function dropTrigger(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  const known = relationOf(scene, key)?.triggers
  if (known && !known.includes(String(operation.name))) return
  effects.lock(partitionsOf(scene, key), 'AccessExclusiveLock')
}

function createRule(operation: Operation, _: Scene, effects: Recorder): void {
  effects.lock(readKeys(operation), 'AccessShareLock')
  effects.lock(words(operation.writes), 'RowExclusiveLock')
  if (operation.table) effects.lock(operation.table.key, 'AccessExclusiveLock')
}

/** The expressions of a policy are read with their tables open. */
function policy(operation: Operation, _: Scene, effects: Recorder): void {
  if (operation.table) effects.lock(operation.table.key, 'AccessExclusiveLock')
  effects.lock(readKeys(operation), 'AccessShareLock')
}

function dropPolicy(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  const known = relationOf(scene, key)?.policies
  if (known && !known.includes(String(operation.name))) return
  effects.lock(key, 'AccessExclusiveLock')
}
