/** Partitions: attached, detached, created. */
import type { CatalogConstraint, CatalogIndex } from '../catalog.ts'
import { provesBounds, provesOutside } from './bounds.ts'
import { dropForeignKey } from './drops.ts'
import {
  ancestorsOf,
  constraintsOf,
  defaultPartitionOf,
  indexesOf,
  keyOf,
  nameOf,
  partitionsOf,
  referencedIndexes,
  referencesTo,
  relationOf,
  type Scene,
  treeOf,
} from './knowledge.ts'
import { chooseIndexName } from './names.ts'
import { type Predictor, type Predictors, subject, word } from './predictor.ts'
import { constraintOf, type Recorder } from './recorder.ts'

export const PARTITIONS: Predictors = {
  'attach partition': attach,
  'detach partition': detach,
  inherit: (operation, _, effects) => join(operation, 'ShareUpdateExclusiveLock', effects),
  'no inherit': (operation, _, effects) => join(operation, 'AccessShareLock', effects),
}

function join({ table, parent }: Parameters<Predictor>[0], mode: 'ShareUpdateExclusiveLock' | 'AccessShareLock', effects: Recorder): void {
  if (table) effects.lock(table.key, 'AccessExclusiveLock')
  if (typeof parent === 'string') effects.lock(parent, mode)
}

/** A new partition copies its parent's indexes and foreign keys, in both directions. */
export function takeOverFromParent(scene: Scene, parent: string, partition: string | undefined, effects: Recorder): void {
  effects.lockIndexes(parent, 'ShareUpdateExclusiveLock')
  for (const { references } of constraintsOf(scene, parent)) {
    if (!references) continue
    effects.lock(partitionsOf(scene, references.table), 'ShareRowExclusiveLock')
    if (!partition) effects.depend(referencedIndexes(scene, references.table, references.columns).map(keyOf), 'index')
  }
  for (const { table, constraint } of referencesTo(scene, nameOf(scene, parent))) {
    if (constraint.local === false) continue
    effects.lock(keyOf(table), scene.known.postgres >= 15 ? 'ShareRowExclusiveLock' : 'AccessShareLock')
    if (partition) effects.depend(referencedIndexes(scene, partition, constraint.references?.columns ?? []).map(keyOf), 'index')
  }
}

/** The default partition may hold rows of the new one: it is locked, and read unless a constraint of its own says it does not. */
export function addDefaultPartitionScan(scene: Scene, parent: string, bounds: string | undefined, effects: Recorder): void {
  const fallback = defaultPartitionOf(scene, parent)
  if (!fallback) return
  const keys = treeOf(scene, keyOf(fallback))
  effects.lock(keys, 'AccessExclusiveLock')
  effects.scan(keys.filter((key) => !provesOutside(scene, parent, key, bounds)))
}

function attach(...[operation, scene, effects]: Parameters<Predictor>): void {
  const parent = subject(operation, scene)
  const partition = word(operation.partition)
  if (parent === undefined || partition === undefined) return
  const bounds = word(operation.bounds)
  effects.lock(parent, 'ShareUpdateExclusiveLock')
  effects.lock(treeOf(scene, partition), 'AccessExclusiveLock')
  takeOverFromParent(scene, parent, partition, effects)
  for (const index of indexesOf(scene, parent))
    if (!counterpart(scene, partition, index)) buildLike(scene, parent, partition, index, effects)
  for (const constraint of constraintsOf(scene, parent)) if (constraint.references) copyForeignKey(scene, partition, constraint, effects)
  effects.scan(treeOf(scene, partition).filter((key) => !provesBounds(scene, parent, key, bounds)))
  addDefaultPartitionScan(scene, parent, bounds, effects)
}

/** The partition's own index that does the same. */
function counterpart(scene: Scene, partition: string, index: CatalogIndex): CatalogIndex | undefined {
  return indexesOf(scene, partition).find(
    (one) => one.valid && one.unique === index.unique && shapeOf(one) === shapeOf(index) && !relationOf(scene, keyOf(one))?.parents.length,
  )
}

/** `btree (name)`: the definition without names. */
function shapeOf(index: CatalogIndex): string {
  return index.definition.replace(/^.*? USING /, '')
}

function buildLike(scene: Scene, parent: string, partition: string, index: CatalogIndex, effects: Recorder): void {
  const constraint = constraintOf(scene, parent, index)
  const label = constraint === 'primary key' ? 'pkey' : constraint === 'unique' ? 'key' : constraint === 'exclusion' ? 'excl' : 'idx'
  for (const key of partitionsOf(scene, partition)) {
    if (relationOf(scene, key)?.kind === 'partitioned table') continue
    effects.build({
      index: chooseIndexName(
        scene,
        key,
        index.columns.map((one) => one ?? 'expr'),
        label,
      ),
      table: nameOf(scene, key),
      constraint,
    })
    effects.scan(key)
  }
}

/** A foreign key of the parent becomes the partition's: the one it has gives way, or its rows are checked. */
function copyForeignKey(scene: Scene, partition: string, constraint: CatalogConstraint, effects: Recorder): void {
  const same = constraintsOf(scene, partition).find((one) => one.type === 'foreign key' && one.definition === constraint.definition)
  if (same) {
    dropForeignKey(scene, partition, same, effects)
    return
  }
  if (!constraint.valid || !constraint.enforced || !constraint.references) return
  effects.scan(partition)
  effects.lockIndexes([...partitionsOf(scene, constraint.references.table), partition], 'AccessShareLock')
}

/** Before 14 readers and writers of the partition itself were kept out only where a trigger that came from above, or one of a foreign key to it, goes. */
function keptOut(scene: Scene, partition: string): string[] {
  const tree = treeOf(scene, partition)
  const guarded = [partition, ...ancestorsOf(scene, partition)].some(
    (key) => relationOf(scene, key)?.triggers.length || referencesTo(scene, key).length > 0,
  )
  return scene.known.postgres < 14 && !guarded ? tree.slice(1) : tree
}

function detach(...[operation, scene, effects]: Parameters<Predictor>): void {
  const parent = subject(operation, scene)
  const partition = word(operation.partition)
  if (parent === undefined || partition === undefined) return
  const mode = operation.concurrently ? 'ShareUpdateExclusiveLock' : 'AccessExclusiveLock'
  effects.lock(parent, mode)
  effects.lock(operation.concurrently ? partition : keptOut(scene, partition), 'AccessExclusiveLock')
  if (scene.known.postgres < 14) effects.lock(partition, 'ShareUpdateExclusiveLock')
  const fallback = defaultPartitionOf(scene, parent)
  if (fallback) effects.lock(keyOf(fallback), mode)
  for (const index of indexesOf(scene, partition))
    if (relationOf(scene, keyOf(index))?.parents.length) effects.lock(keyOf(index), 'AccessExclusiveLock', 'index')
  for (const { references } of constraintsOf(scene, partition))
    if (references) effects.lock(partitionsOf(scene, references.table), 'ShareRowExclusiveLock')
  for (const { table, constraint } of referencesTo(scene, nameOf(scene, parent))) {
    if (constraint.local === false) continue
    effects.lock(keyOf(table), 'AccessExclusiveLock')
    effects.lockIndexes(keyOf(table), 'AccessShareLock')
  }
}
