/** Subcommands of ALTER TABLE about one column. */
import type { ColumnWords, Operation } from '../operation.ts'
import { dropColumn, mentions, usesColumn } from './drops.ts'
import { checkedExpression } from './expressions.ts'
import { earlierType } from './history.ts'
import {
  constraintsOf,
  indexesOf,
  isPartitioned,
  keyOf,
  nameOf,
  partitionsOf,
  referencedIndexes,
  referencesTo,
  relationOf,
  type Scene,
  stored,
  treeOf,
} from './knowledge.ts'
import { isNotNull, isProvenNotNull } from './not-null.ts'
import { type Predictor, type Predictors, subject } from './predictor.ts'
import { drawNumbers, sequencesDrawn } from './queries.ts'
import { constraintOf, type Recorder } from './recorder.ts'
import { isConstrained, keepsIndexes, rewritesOnTypeChange } from './type-change.ts'

export const COLUMNS: Predictors = {
  'define column': ({ calls }, _, effects) => effects.depend(sequencesDrawn(calls), 'sequence'),
  'add column': addColumn,
  'drop column': drop,
  'alter column type': alterType,
  'set not null': setNotNull,
  'drop not null': onTree('AccessExclusiveLock'),
  'set default': setDefault,
  'drop default': onTree('AccessExclusiveLock'),
  'add identity': onPartitions,
  'set identity': setIdentity,
  'drop identity': dropIdentity,
  'set expression': setExpression,
  'drop expression': onTree('AccessExclusiveLock'),
  'set statistics': onTree('ShareUpdateExclusiveLock'),
  'set storage': onTree('AccessExclusiveLock'),
  'set compression': onTree('AccessExclusiveLock'),
  'set column options': (operation, scene, effects) => effects.lock(subject(operation, scene) ?? [], 'ShareUpdateExclusiveLock'),
  'rename column': onTree('AccessExclusiveLock'),
}

/** What ALTER TABLE reaches: the table and its children, or with ONLY the table. */
export function reached(operation: Operation, scene: Scene): string[] {
  const key = subject(operation, scene)
  if (key === undefined) return []
  return operation.only ? [nameOf(scene, key)] : treeOf(scene, key)
}

function onTree(mode: 'AccessExclusiveLock' | 'ShareUpdateExclusiveLock'): Predictor {
  return (operation, scene, effects) => effects.lock(reached(operation, scene), mode)
}

/** Since 17 partitions share the identity of their parent. */
function onPartitions(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(operation.only || scene.known.postgres < 17 ? key : partitionsOf(scene, key), 'AccessExclusiveLock')
}

function columnOf(operation: Operation, scene: Scene, key: string) {
  return relationOf(scene, key)?.columns.find((one) => one.name === operation.column?.name)
}

function setDefault(...[operation, scene, effects]: Parameters<Predictor>): void {
  effects.lock(reached(operation, scene), 'AccessExclusiveLock')
  effects.depend(sequencesDrawn(operation.calls), 'sequence')
}

function addColumn(...[operation, scene, effects]: Parameters<Predictor>): void {
  const { column } = operation
  const tables = reached(operation, scene)
  if (!column || tables.length === 0) return
  if (operation.guarded && columnOf(operation, scene, tables[0] as string)) {
    effects.lock(tables[0] as string, 'AccessExclusiveLock')
    return
  }
  effects.lock(tables, 'AccessExclusiveLock')
  drawNumbers(operation, effects)
  if (fillsRows(column, scene)) effects.rewrite(tables)
  // Without a value to put in, NOT NULL has to be checked against the rows there are.
  else if (column.nullable === false && (column.default === 'none' || column.generated === 'virtual')) effects.scan(tables)
}

/** Does each row need a value of its own, so that the column cannot live in the catalog alone? */
function fillsRows(column: ColumnWords, scene: Scene): boolean {
  if (column.serial || column.identity || column.generated === 'stored') return true
  if (column.generated === 'virtual') return false
  if (isConstrained(scene, column.fullType ?? column.type ?? '')) return true
  return column.default === 'volatile' && !areAllStable(column.defaultCalls ?? [], scene)
}

/** The catalog knows functions that the reader cannot. */
function areAllStable(calls: string[], { known: { catalog } }: Scene): boolean {
  if (!catalog || calls.length === 0) return false
  return calls.every((name) => {
    const promises = [name, ...catalog.searchPath.map((schema) => `${schema}.${name}`)]
      .map((one) => catalog.volatility.get(one))
      .filter(Boolean)
    return promises.length > 0 && promises.every((one) => one !== 'volatile')
  })
}

function drop(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  const name = operation.column?.name
  if (key === undefined || name === undefined) return
  if (scene.known.catalog && !columnOf(operation, scene, key)) {
    effects.lock(key, 'AccessExclusiveLock')
    return
  }
  const tables = operation.only ? [nameOf(scene, key), ...(relationOf(scene, key)?.children ?? [])] : treeOf(scene, key)
  effects.lock(tables, 'AccessExclusiveLock')
  for (const table of operation.only ? [key] : tables) dropColumn(scene, table, name, effects)
}

function alterType(...[operation, scene, effects]: Parameters<Predictor>): void {
  const { column } = operation
  const tables = reached(operation, scene)
  if (!column || tables.length === 0) return
  effects.lock(tables, 'AccessExclusiveLock')
  for (const table of tables) {
    const from = columnOf(operation, scene, table)?.type ?? earlierType(scene, table, column.name)
    const to = column.fullType ?? column.type ?? ''
    const using = typeof operation.using === 'string' ? operation.using : undefined
    const rewrites = rewritesOnTypeChange(scene, { column: column.name, from, to, using, timeZone: operation.settings.timezone })
    if (rewrites) effects.rewrite(table)
    remakeIndexes(
      scene,
      table,
      column.name,
      rewrites || (keepsIndexes(scene, from, to) && operation.collation === undefined),
      rewrites,
      effects,
    )
    remakeConstraints(scene, table, column.name, rewrites, effects)
  }
}

/** Indexes over the column are made again. Their files are kept when the definition still fits, but never one with an expression, a predicate or parts. */
function remakeIndexes(scene: Scene, table: string, column: string, fits: boolean, rewrites: boolean, effects: Recorder): void {
  for (const index of indexesOf(scene, table).filter((one) => usesColumn(one, column))) {
    effects.lock(keyOf(index), 'AccessExclusiveLock', 'index')
    const isPart = isPartitioned(scene, table) || (relationOf(scene, keyOf(index))?.parents.length ?? 0) > 0
    const keeps = fits && !isPart && index.predicate === undefined && !index.columns.includes(null)
    if (rewrites || keeps || isPartitioned(scene, table)) continue
    effects.build({ index: index.name, table: nameOf(scene, table), constraint: constraintOf(scene, table, index) })
    effects.scan(table)
  }
}

/** So are constraints: a CHECK on the column is checked again, a foreign key locks its other end and, if the type's comparison changes, is checked too. */
function remakeConstraints(scene: Scene, table: string, column: string, rewrites: boolean, effects: Recorder): void {
  for (const constraint of constraintsOf(scene, table)) {
    if (
      constraint.type === 'check' &&
      constraint.valid &&
      constraint.enforced &&
      mentions(checkedExpression(constraint.definition), column)
    )
      effects.scan(table)
    if (!constraint.references || !constraint.columns.includes(column)) continue
    effects.lock(partitionsOf(scene, constraint.references.table), 'AccessExclusiveLock')
    effects.depend(referencedIndexes(scene, constraint.references.table, constraint.references.columns).map(keyOf), 'index')
    if (rewrites && constraint.valid && constraint.enforced) checkForeignKey(scene, table, constraint.references.table, effects)
  }
  for (const { table: child, constraint } of referencesTo(scene, nameOf(scene, table))) {
    if (!constraint.references?.columns.includes(column) || keyOf(child) === nameOf(scene, table)) continue
    effects.lock(partitionsOf(scene, keyOf(child)), 'AccessExclusiveLock')
    if (rewrites && constraint.valid && constraint.enforced) checkForeignKey(scene, keyOf(child), table, effects)
  }
}

/** The check is a query over both tables, so their indexes are opened. */
export function checkForeignKey(scene: Scene, child: string, parent: string, effects: Recorder): void {
  const [children, parents] = [partitionsOf(scene, child), partitionsOf(scene, parent)]
  effects.scan(children)
  effects.lockIndexes(
    children.filter((key) => !isPartitioned(scene, key)),
    'AccessShareLock',
  )
  effects.lockIndexes(scene.known.postgres >= 16 ? parents : stored(scene, parents), 'AccessShareLock')
}

function setNotNull(...[operation, scene, effects]: Parameters<Predictor>): void {
  const tables = reached(operation, scene)
  const name = operation.column?.name
  if (tables.length === 0 || name === undefined) return
  if (isNotNull(scene, tables[0] as string, name)) {
    effects.lock(tables[0] as string, 'AccessExclusiveLock')
    return
  }
  effects.lock(tables, 'AccessExclusiveLock')
  effects.scan(stored(scene, tables).filter((table) => !isProvenNotNull(scene, table, name)))
}

function setIdentity(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  onPartitions(operation, scene, effects)
  const sequence = columnOf(operation, scene, key)?.sequence
  if (sequence) effects.lock(sequence, 'ShareRowExclusiveLock', 'sequence')
}

function dropIdentity(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  onPartitions(operation, scene, effects)
  const column = columnOf(operation, scene, key)
  if (column?.identity && column.sequence) effects.lock(column.sequence, 'AccessExclusiveLock', 'sequence')
}

/** A stored value is computed anew for each row; a virtual one when it is read. */
function setExpression(...[operation, scene, effects]: Parameters<Predictor>): void {
  const tables = reached(operation, scene)
  effects.lock(tables, 'AccessExclusiveLock')
  for (const table of tables) if (columnOf(operation, scene, table)?.generated !== 'virtual') effects.rewrite(table)
}
