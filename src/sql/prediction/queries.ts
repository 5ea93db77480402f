/** What reading and writing rows locks. */

import type { CatalogConstraint } from '../catalog.ts'
import type { LockMode } from '../effects.ts'
import type { Operation } from '../operation.ts'
import {
  ancestorsOf,
  constraintsOf,
  isPartitioned,
  keyOf,
  nameOf,
  readsOf,
  referencesTo,
  relationOf,
  type Scene,
  treeOf,
} from './knowledge.ts'
import { type Predictor, type Predictors, subject, words } from './predictor.ts'
import type { Recorder } from './recorder.ts'

export const QUERIES: Predictors = {
  select: (operation, scene, effects) => readAll(operation, scene, effects),
  explain,
  'declare cursor': (operation, scene, effects) => readAll(operation, scene, effects),
  prepare,
  insert,
  update,
  delete: remove,
  merge,
  copy,
}

/** EXPLAIN plans, which locks as much as running does. */
function explain(...[operation, scene, effects]: Parameters<Predictor>): void {
  readAll(operation, scene, effects)
  for (const key of words(operation.writes)) planTree(scene, treeOf(scene, key), 'RowExclusiveLock', effects)
}

/** PREPARE only looks names up. */
function prepare(operation: Operation, _: Scene, effects: Recorder): void {
  effects.lock(readKeys(operation), 'AccessShareLock')
  effects.lock(words(operation.writes), 'RowExclusiveLock')
}

/** Keys of the relations the operation's queries read. */
export function readKeys({ from, reads }: Operation): string[] {
  return [...new Set([...words(from), ...words(reads)])]
}

/** The relations a query of the operation reads, and the sequences it draws from. */
function readAll(operation: Operation, scene: Scene, effects: Recorder): void {
  const only = new Set(words(operation.readsOnly))
  for (const key of readKeys(operation))
    planRead(scene, key, words(operation.locked).includes(key) ? 'RowShareLock' : 'AccessShareLock', effects, only.has(key))
  drawNumbers(operation, effects)
}

/** Sequences named in the calls of the operation's expressions. */
export function drawNumbers({ calls }: Operation, effects: Recorder): void {
  effects.lock(sequencesDrawn(calls), 'RowExclusiveLock', 'sequence')
}

/** Of `nextval:public.numbers` the sequence. */
export function sequencesDrawn(calls: unknown): string[] {
  return words(calls).flatMap((call) => /^(?:nextval|setval):(.*)$/.exec(call)?.[1] ?? [])
}

/** The planner opens a table's indexes, and those of its partitions, in the mode of the table; a view stands for what it reads. */
export function planRead(scene: Scene, key: string, mode: LockMode, effects: Recorder, only = false): void {
  const relation = relationOf(scene, key)
  if (relation?.kind === 'view') {
    effects.lock(key, mode, 'view')
    for (const read of readsOf(scene, keyOf(relation))) planRead(scene, read, mode, effects)
    return
  }
  planTree(scene, only ? [nameOf(scene, key)] : treeOf(scene, key), mode, effects)
}

function planTree(scene: Scene, keys: string[], mode: LockMode, effects: Recorder): void {
  for (const key of keys) {
    effects.lock(key, mode)
    // Until 15 the indexes of a partitioned table itself were of no use in planning, unless it is read alone.
    if (!isPartitioned(scene, key) || scene.known.postgres >= 16 || keys.length === 1) effects.lockIndexes(key, mode)
  }
}

/** Until 13 a session learns the bounds of a partition it is the first time to write to from the tables above it, and keeps their locks. */
export function lockAncestors(scene: Scene, keys: readonly string[], effects: Recorder): void {
  if (scene.known.postgres < 14) for (const key of keys) effects.lock(ancestorsOf(scene, key), 'AccessShareLock')
}

/** Rows going in open indexes only for the moment; foreign keys look up their parents and defaults draw numbers. */
function insert(...[operation, scene, effects]: Parameters<Predictor>): void {
  readAll(operation, scene, effects)
  const key = subject(operation, scene)
  if (key === undefined) return
  writeThrough(
    scene,
    key,
    (table) => {
      effects.lock(table, 'RowExclusiveLock')
      if (operation.conflictTarget) effects.lockIndexes(table, 'RowExclusiveLock')
      fill(operation, scene, table, effects)
    },
    effects,
  )
}

/** A view that can be written to passes the write on, unless a trigger takes it. */
function writeThrough(scene: Scene, key: string, write: (table: string) => void, effects: Recorder): void {
  const relation = relationOf(scene, key)
  if (relation?.kind !== 'view') {
    write(nameOf(scene, key))
    return
  }
  effects.lock(key, 'RowExclusiveLock', 'view')
  for (const read of readsOf(scene, keyOf(relation))) {
    if (relation.triggers.length > 0) planRead(scene, read, 'AccessShareLock', effects)
    else writeThrough(scene, read, write, effects)
  }
}

/** New rows: parents of the foreign keys whose columns get a value, sequences of the columns that get none. */
function fill(operation: Operation, scene: Scene, table: string, effects: Recorder): void {
  const columns = relationOf(scene, table)?.columns ?? []
  const named = words(operation.into)
  const given = named.length > 0 ? named : columns.map((one) => one.name)
  for (const column of columns)
    if (column.sequence && !given.includes(column.name)) effects.lock(column.sequence, 'RowExclusiveLock', 'sequence')
  for (const constraint of constraintsOf(scene, table)) {
    if (constraint.columns.every((name) => given.includes(name) || columns.find((one) => one.name === name)?.hasDefault))
      lookUpParent(scene, constraint, effects)
  }
}

function lookUpParent(scene: Scene, { type, enforced, references }: CatalogConstraint, effects: Recorder): void {
  if (type === 'foreign key' && enforced && references) planRead(scene, references.table, 'RowShareLock', effects)
}

function update(...[operation, scene, effects]: Parameters<Predictor>): void {
  readAll(operation, scene, effects)
  const key = subject(operation, scene)
  if (key === undefined) return
  writeThrough(
    scene,
    key,
    (table) => {
      planTree(scene, operation.only ? [table] : treeOf(scene, table), 'RowExclusiveLock', effects)
      change(scene, table, words(operation.sets), effects)
    },
    effects,
  )
}

/** Changed columns: a foreign key's parent is looked up, and the children of a changed key. */
function change(scene: Scene, table: string, columns: string[], effects: Recorder): void {
  for (const constraint of constraintsOf(scene, table))
    if (constraint.columns.some((name) => columns.includes(name))) lookUpParent(scene, constraint, effects)
  for (const { table: child, constraint } of referencesTo(scene, table)) {
    if (!constraint.enforced || !constraint.references?.columns.some((name) => columns.includes(name))) continue
    planRead(scene, keyOf(child), isAction(constraint.onUpdate) ? 'RowExclusiveLock' : 'RowShareLock', effects)
  }
}

function remove(...[operation, scene, effects]: Parameters<Predictor>): void {
  readAll(operation, scene, effects)
  const key = subject(operation, scene)
  if (key === undefined) return
  writeThrough(scene, key, (table) => deleteFrom(scene, table, effects, new Set(), operation.only === true), effects)
}

/** Deleted rows: children are looked up, and with an ON DELETE action changed or deleted in turn. */
function deleteFrom(scene: Scene, table: string, effects: Recorder, seen: Set<string>, only = false): void {
  const tree = only ? [table] : treeOf(scene, table)
  planTree(scene, tree, 'RowExclusiveLock', effects)
  lockAncestors(scene, tree, effects)
  if (seen.has(table)) return
  seen.add(table)
  for (const { table: child, constraint } of tree.flatMap((key) => referencesTo(scene, key))) {
    if (!constraint.enforced || constraint.local === false) continue
    if (constraint.onDelete === 'cascade') deleteFrom(scene, keyOf(child), effects, seen)
    else planRead(scene, keyOf(child), isAction(constraint.onDelete) ? 'RowExclusiveLock' : 'RowShareLock', effects)
  }
}

function isAction(action: string | undefined): boolean {
  return action === 'cascade' || action === 'set null' || action === 'set default'
}

function merge(...[operation, scene, effects]: Parameters<Predictor>): void {
  readAll(operation, scene, effects)
  const key = subject(operation, scene)
  if (key === undefined) return
  planTree(scene, treeOf(scene, key), 'RowExclusiveLock', effects)
  change(scene, nameOf(scene, key), words(operation.sets), effects)
}

/** COPY of a table reads it without a plan, and in 12 lets go of it at once. */
function copy(...[operation, scene, effects]: Parameters<Predictor>): void {
  readAll(operation, scene, effects)
  const key = subject(operation, scene)
  if (key === undefined) return
  if (!operation.to) effects.lock(key, 'RowExclusiveLock')
  else if (scene.known.postgres >= 13) effects.lock(key, 'AccessShareLock')
  if (!operation.to) fill(operation, scene, nameOf(scene, key), effects)
}
