/** Constraints: added, checked, altered, dropped. */
import type { IndexBuild } from '../effects.ts'
import type { Operation } from '../operation.ts'
import { checkForeignKey, reached } from './columns.ts'
import { dropConstraint } from './drops.ts'
import { earlierReference } from './history.ts'
import {
  constraintNamed,
  indexesOf,
  isPartitioned,
  keyOf,
  nameOf,
  partitionsOf,
  referencedIndexes,
  relationOf,
  type Scene,
  splitKey,
  stored,
  treeOf,
} from './knowledge.ts'
import { chooseIndexName } from './names.ts'
import { isProvenNotNull } from './not-null.ts'
import { type Predictor, type Predictors, subject } from './predictor.ts'
import type { Recorder } from './recorder.ts'

export const CONSTRAINTS: Predictors = {
  'add constraint': add,
  'validate constraint': validate,
  'alter constraint': alter,
  'drop constraint': drop,
  'rename constraint': rename,
}

function add(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  const constraint = operation.constraint
  if (key === undefined || !constraint) return
  if (constraint.type === 'foreign key') {
    addForeignKey(operation, scene, key, effects)
    return
  }
  // One that is written in CREATE TABLE is checked when there are no rows.
  if (scene.created.has(key)) return
  const tables = reached(operation, scene)
  effects.lock(tablesLocked(operation, scene, key, tables), 'AccessExclusiveLock')
  if (constraint.type === 'check') {
    if (constraint.valid !== false && constraint.enforced !== false) effects.scan(constraint.noInherit ? key : tables)
  } else if (constraint.type === 'not null') {
    if (constraint.valid !== false) effects.scan(unproven(scene, tables, constraint.columns ?? []))
  } else if (constraint.index !== undefined) useIndex(operation, scene, key, effects)
  else buildFor(operation, scene, key, effects)
}

/** Until 17 a constraint that children do not inherit left them alone, and their part of an index was built under the lock of CREATE INDEX. */
function tablesLocked({ constraint }: Operation, { known: { postgres } }: Scene, key: string, tables: string[]): string[] {
  const inherited = (constraint?.type === 'check' && !constraint.noInherit) || constraint?.type === 'not null'
  return postgres >= 18 || inherited ? tables : [key]
}

function unproven(scene: Scene, tables: string[], columns: string[]): string[] {
  return stored(scene, tables).filter((table) => columns.some((column) => !isProvenNotNull(scene, table, column)))
}

/** The rows of both tables are guarded from now on, so both are locked; checking those there are reads the one that refers. */
function addForeignKey(operation: Operation, scene: Scene, key: string, effects: Recorder): void {
  const constraint = operation.constraint
  const parent = constraint?.references?.table.key
  if (!constraint || parent === undefined) return
  effects.lock(partitionsOf(scene, key), 'ShareRowExclusiveLock')
  effects.lock(partitionsOf(scene, parent), 'ShareRowExclusiveLock')
  effects.depend(referencedIndexes(scene, parent, constraint.references?.columns ?? []).map(keyOf), 'index')
  const checks = constraint.valid !== false && constraint.enforced !== false && !scene.created.has(key)
  if (checks && !isTriviallyTrue(operation)) checkForeignKey(scene, key, parent, effects)
}

/** A foreign key written on a new column without a value: it is NULL everywhere. */
function isTriviallyTrue({ action, statement, constraint, column }: Operation): boolean {
  if (action !== 'add constraint' || statement === 'create table' || !constraint?.inline) return false
  return !column?.serial && column?.generated === undefined && column?.default === 'none'
}

/** UNIQUE, PRIMARY KEY and EXCLUDE are an index, which a partitioned table has in each partition. */
function buildFor({ constraint, column }: Operation, scene: Scene, key: string, effects: Recorder): void {
  const type = constraint?.type as NonNullable<IndexBuild['constraint']>
  const label = type === 'primary key' ? 'pkey' : type === 'unique' ? 'key' : 'excl'
  const columns = constraint?.columns?.length ? constraint.columns : column ? [column.name] : []
  effects.lock(partitionsOf(scene, key), 'ShareLock')
  for (const table of stored(scene, partitionsOf(scene, key))) {
    const own = table === nameOf(scene, key) ? constraint?.name : undefined
    effects.build({
      index:
        own ??
        chooseIndexName(
          scene,
          table,
          columns.map((one) => (one === '(…)' ? 'expr' : one)),
          label,
        ),
      table,
      constraint: type,
    })
    effects.scan(table)
  }
}

/** The index takes the constraint's name. A primary key also needs its columns NOT NULL. */
function useIndex({ constraint }: Operation, scene: Scene, key: string, effects: Recorder): void {
  const name = constraint?.index as string
  const renames = constraint?.name !== undefined && constraint.name !== name
  effects.lock(keyOf({ schema: splitKey(nameOf(scene, key))[0], name }), renames ? 'ShareUpdateExclusiveLock' : 'AccessShareLock', 'index')
  const columns = indexesOf(scene, key).find((one) => one.name === name)?.columns ?? []
  if (constraint?.type === 'primary key')
    effects.scan(
      unproven(
        scene,
        [key],
        columns.filter((column) => column !== null),
      ),
    )
}

function validate(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  const found = constraintNamed(scene, key, operation.constraint?.name)
  if (found?.valid) {
    effects.lock(key, 'ShareUpdateExclusiveLock')
    return
  }
  if (found?.references) {
    effects.lock(partitionsOf(scene, key), 'ShareUpdateExclusiveLock')
    effects.lock(partitionsOf(scene, found.references.table), 'RowShareLock')
    checkForeignKey(scene, key, found.references.table, effects)
    return
  }
  const tables = reached(operation, scene)
  effects.lock(tables, 'ShareUpdateExclusiveLock')
  effects.lock(earlierReference(scene, key, operation.constraint?.name) ?? [], 'RowShareLock')
  effects.scan(tables)
}

/** Since 18 a constraint can cease to be enforced, and be enforced again, which checks it. */
function alter(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  effects.lock(partitionsOf(scene, key), 'AccessExclusiveLock')
  const found = constraintNamed(scene, key, operation.constraint?.name)
  const enforced = operation.constraint?.enforced
  if (!found?.references || enforced === undefined || enforced === found.enforced) return
  effects.lock(partitionsOf(scene, found.references.table), enforced ? 'ShareRowExclusiveLock' : 'AccessExclusiveLock')
  if (enforced) checkForeignKey(scene, key, found.references.table, effects)
}

function drop(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  const found = constraintNamed(scene, key, operation.constraint?.name)
  effects.lock(key, 'AccessExclusiveLock')
  if (!found) {
    effects.lock(earlierReference(scene, key, operation.constraint?.name) ?? [], 'AccessExclusiveLock')
    return
  }
  const inherited = (['check', 'not null'].includes(found.type) && !found.noInherit) || isPartitioned(scene, key)
  if (inherited) effects.lock(operation.only ? (relationOf(scene, key)?.children ?? []) : treeOf(scene, key), 'AccessExclusiveLock')
  dropConstraint(scene, key, found, effects)
}

/** A constraint that is an index shares its name. */
function rename(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  const found = constraintNamed(scene, key, operation.constraint?.name)
  effects.lock(found?.type === 'check' || found?.type === 'not null' ? reached(operation, scene) : key, 'AccessExclusiveLock')
  if (found?.index && found.type !== 'foreign key')
    effects.lock(keyOf({ schema: splitKey(nameOf(scene, key))[0], name: found.index }), 'ShareUpdateExclusiveLock', 'index')
}
