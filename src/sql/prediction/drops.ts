/** What goes when something is dropped: indexes, sequences, foreign keys at both ends, and with CASCADE all that depends on it. */
import type { CatalogConstraint, CatalogIndex } from '../catalog.ts'
import { tableOfEarlierIndex } from './history.ts'
import {
  constraintsOf,
  defaultPartitionOf,
  indexesOf,
  keyOf,
  nameOf,
  partitionsOf,
  type Reference,
  readersOf,
  referencesTo,
  relationOf,
  type Scene,
  splitKey,
  treeOf,
} from './knowledge.ts'
import { type Predictor, type Predictors, subject, word } from './predictor.ts'
import type { Recorder } from './recorder.ts'

export const DROPS: Predictors = {
  'drop table': dropNamed,
  'drop view': dropNamed,
  'drop materialized view': dropNamed,
  'drop foreign table': dropNamed,
  'drop sequence': dropSequence,
  'drop index': dropIndex,
  'drop schema': dropSchema,
  'drop statistics': dropStatistics,
}

/** A table with its partitions, or a view: all that hangs on it goes too. */
export function dropRelation(scene: Scene, key: string, effects: Recorder): void {
  for (const one of treeOf(scene, key)) {
    effects.lock(one, 'AccessExclusiveLock')
    effects.lockIndexes(one, 'AccessExclusiveLock')
    effects.lock(relationOf(scene, one)?.ownedSequences ?? [], 'AccessExclusiveLock', 'sequence')
    for (const constraint of constraintsOf(scene, one)) if (constraint.local !== false) dropForeignKey(scene, one, constraint, effects)
    for (const reference of referencesTo(scene, one)) dropForeignKey(scene, keyOf(reference.table), wholeOf(scene, reference), effects)
    for (const reader of readersOf(scene, one)) dropReader(reader, effects)
  }
  const relation = relationOf(scene, key)
  if (relation?.isPartition) lockParents(scene, relation.parents, effects)
}

/** A foreign key to a partitioned table has a part for each partition, and goes with any of them. */
function wholeOf(scene: Scene, { table, constraint }: Reference): CatalogConstraint {
  if (constraint.local !== false) return constraint
  const parents = relationOf(scene, constraint.references?.table ?? '')?.parents ?? []
  const above = table.constraints.find(
    (one) => one.references && parents.includes(one.references.table) && String(one.columns) === String(constraint.columns),
  )
  return above ? wholeOf(scene, { table, constraint: above }) : constraint
}

/** Dropping a partition changes what its parent and the default partition hold. */
function lockParents(scene: Scene, parents: string[], effects: Recorder): void {
  for (const parent of parents) {
    effects.lock(parent, 'AccessExclusiveLock')
    const fallback = defaultPartitionOf(scene, parent)
    if (fallback) effects.lock(keyOf(fallback), 'AccessExclusiveLock')
  }
}

function dropReader(key: string, effects: Recorder): void {
  effects.lock(key, 'AccessExclusiveLock')
  effects.lockIndexes(key, 'AccessExclusiveLock')
}

/** The triggers of a foreign key stand on both tables, so both are locked, partitions included. */
export function dropForeignKey(scene: Scene, table: string, constraint: CatalogConstraint, effects: Recorder): void {
  if (constraint.type !== 'foreign key' || !constraint.references) return
  effects.lock(partitionsOf(scene, table), 'AccessExclusiveLock')
  effects.lock(partitionsOf(scene, constraint.references.table), 'AccessExclusiveLock')
}

/** A constraint and, when an index enforces it, the index and the foreign keys that rest on that. */
export function dropConstraint(scene: Scene, table: string, constraint: CatalogConstraint, effects: Recorder): void {
  dropForeignKey(scene, table, constraint, effects)
  if (!constraint.index || constraint.type === 'foreign key') return
  lockIndexTree(scene, table, constraint.index, effects)
  for (const reference of referencesTo(scene, nameOf(scene, table))) {
    if (reference.constraint.index === constraint.index && reference.constraint.local !== false)
      dropForeignKey(scene, keyOf(reference.table), reference.constraint, effects)
  }
}

/** An index and those attached to it. */
function lockIndexTree(scene: Scene, table: string, index: string, effects: Recorder): void {
  const found = indexesOf(scene, table).find((one) => one.name === index)
  effects.lock(
    treeOf(scene, keyOf(found ?? { schema: nameOf(scene, table).split('.')[0] as string, name: index })),
    'AccessExclusiveLock',
    'index',
  )
}

/** DROP COLUMN: its indexes, constraints and sequence, and with CASCADE what reads it. */
export function dropColumn(scene: Scene, table: string, column: string, effects: Recorder): void {
  for (const index of indexesOf(scene, table)) if (usesColumn(index, column)) effects.lock(keyOf(index), 'AccessExclusiveLock', 'index')
  for (const constraint of constraintsOf(scene, table))
    if (constraint.columns.includes(column)) dropConstraint(scene, table, constraint, effects)
  for (const { table: referencing, constraint } of referencesTo(scene, nameOf(scene, table))) {
    if (constraint.references?.columns.includes(column) && constraint.local !== false)
      dropForeignKey(scene, keyOf(referencing), constraint, effects)
  }
  const found = relationOf(scene, table)?.columns.find((one) => one.name === column)
  const sequence = found?.sequence
  if (sequence && relationOf(scene, table)?.ownedSequences.includes(sequence)) effects.lock(sequence, 'AccessExclusiveLock', 'sequence')
  for (const reader of found?.readBy ?? []) {
    dropReader(reader, effects)
    for (const further of readersOf(scene, reader)) dropReader(further, effects)
  }
}

/** In its key, its INCLUDE list, its expressions or its predicate. */
export function usesColumn(index: CatalogIndex, column: string): boolean {
  return index.columns.includes(column) || mentions(index.definition.replace(/^.*? USING /, ''), column)
}

export function mentions(definition: string, column: string): boolean {
  const escaped = column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?<![\\w"$])"?${escaped}"?(?![\\w"$])`).test(definition.replace(/'(?:[^']|'')*'/g, "''"))
}

function dropNamed(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key !== undefined) dropRelation(scene, key, effects)
}

function dropSequence(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(key, 'AccessExclusiveLock', 'sequence')
  const drawn = [...(scene.known.catalog?.relations.values() ?? [])].filter((one) =>
    one.columns.some((column) => column.sequence === nameOf(scene, key)),
  )
  effects.lock(drawn.map(keyOf), 'AccessExclusiveLock')
}

/** DROP INDEX takes the table's lock as well, and those of its partitions even where they have no such index. */
function dropIndex(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  const mode = operation.concurrently ? 'ShareUpdateExclusiveLock' : 'AccessExclusiveLock'
  const index = relationOf(scene, key)
  effects.lock(treeOf(scene, key), mode, 'index')
  if (!scene.known.catalog) effects.lock(tableOfEarlierIndex(scene, ...splitKey(key)) ?? [], mode)
  if (index?.table) effects.lock(index.kind === 'partitioned index' ? partitionsOf(scene, index.table) : index.table, mode)
}

function dropSchema(...[operation, scene, effects]: Parameters<Predictor>): void {
  for (const [key, relation] of scene.known.catalog?.relations ?? []) {
    if (relation.schema === operation.name && !relation.table && relation.kind !== 'composite type') dropRelation(scene, key, effects)
  }
}

function dropStatistics(...[operation, scene, effects]: Parameters<Predictor>): void {
  const name = word(operation.name)?.split('.').at(-1) ?? ''
  const tables = [...(scene.known.catalog?.relations.values() ?? [])].filter((one) => one.statistics?.includes(name))
  effects.lock(tables.map(keyOf), 'ShareUpdateExclusiveLock')
}
