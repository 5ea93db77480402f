/** Indexes: built, rebuilt, renamed, attached. */
import { indexesOf, isThere, keyOf, nameOf, partitionsOf, relationOf, type Scene, splitKey, stored, treeOf } from './knowledge.ts'
import { chooseIndexName, indexColumns } from './names.ts'
import { locks, type Predictor, type Predictors, subject, word } from './predictor.ts'
import { constraintOf, type Recorder } from './recorder.ts'

export const INDEXES: Predictors = {
  'create index': create,
  reindex,
  'rename index': locks('ShareUpdateExclusiveLock'),
  'alter index': locks('AccessExclusiveLock'),
  'attach index': attach,
}

function create(...[operation, scene, effects]: Parameters<Predictor>): void {
  const key = subject(operation, scene)
  if (key === undefined) return
  const concurrently = operation.concurrently === true
  const mode = concurrently ? 'ShareUpdateExclusiveLock' : 'ShareLock'
  const name = operation.index?.name
  const schema = splitKey(nameOf(scene, key))[0]
  if (operation.guarded && name && scene.known.catalog?.relations.has(keyOf({ schema, name }))) {
    effects.lock(key, mode)
    return
  }
  const tables = operation.only ? [nameOf(scene, key)] : partitionsOf(scene, key)
  effects.lock(tables, mode)
  for (const table of stored(scene, tables)) {
    const ready = table === nameOf(scene, key) ? undefined : sameIndex(operation, scene, table)
    if (ready) effects.lock(keyOf({ schema, name: ready }), 'ShareLock', 'index')
    else {
      const own = table === nameOf(scene, key) ? name : undefined
      effects.build({ index: own ?? chooseIndexName(scene, table, indexColumns(operation), 'idx'), table, constraint: null, concurrently })
      effects.scan(table)
    }
  }
}

/** An index the partition has already, which the new one takes as its own. */
function sameIndex({ index, unique }: Parameters<Predictor>[0], scene: Scene, table: string): string | undefined {
  if (!index || index.expressions || index.predicate) return undefined
  return indexesOf(scene, table).find(
    (one) =>
      one.valid &&
      one.unique === (unique === true) &&
      one.method === index.method &&
      one.predicate === undefined &&
      String(one.columns) === String(index.columns) &&
      !relationOf(scene, keyOf(one))?.parents.length,
  )?.name
}

/** REINDEX reads the table under a lock that only writers mind, but nobody can use the index meanwhile, not even to plan. */
function reindex(...[operation, scene, effects]: Parameters<Predictor>): void {
  const { object, concurrently, name } = operation
  if (object === 'schema') {
    for (const [key, relation] of scene.known.catalog?.relations ?? [])
      if (relation.schema === name && ['table', 'materialized view'].includes(relation.kind))
        rebuild(scene, key, undefined, concurrently === true, effects)
    return
  }
  const key = subject(operation, scene)
  if (key === undefined) return
  if (object === 'table') for (const table of treeOrTable(scene, key)) rebuild(scene, table, undefined, concurrently === true, effects)
  else rebuildIndex(scene, key, concurrently === true, effects)
}

function treeOrTable(scene: Scene, key: string): string[] {
  return stored(scene, partitionsOf(scene, key))
}

function rebuildIndex(scene: Scene, key: string, concurrently: boolean, effects: Recorder): void {
  effects.lock(key, concurrently ? 'ShareUpdateExclusiveLock' : 'AccessExclusiveLock', 'index')
  for (const one of treeOf(scene, key)) {
    const index = relationOf(scene, one)
    if (index?.table && index.kind === 'index') rebuild(scene, index.table, index.name, concurrently, effects)
  }
}

/** One index of the table, or all. */
function rebuild(scene: Scene, table: string, only: string | undefined, concurrently: boolean, effects: Recorder): void {
  effects.lock(table, concurrently ? 'ShareUpdateExclusiveLock' : 'ShareLock')
  // Whether there is an index is not known; but why else would one say REINDEX?
  if (!scene.known.catalog) effects.scan(table)
  for (const index of indexesOf(scene, table)) {
    if (only !== undefined && index.name !== only) continue
    effects.lock(keyOf(index), concurrently ? 'ShareUpdateExclusiveLock' : 'AccessExclusiveLock', 'index')
    effects.build({ index: index.name, table: nameOf(scene, table), constraint: constraintOf(scene, table, index), concurrently })
    effects.scan(table)
  }
}

/** ALTER INDEX parent ATTACH PARTITION child. */
function attach(...[operation, scene, effects]: Parameters<Predictor>): void {
  const parent = subject(operation, scene)
  const child = word(operation.partition)
  if (parent === undefined || child === undefined || !isThere(scene, child)) return
  effects.lock(parent, 'ShareUpdateExclusiveLock', 'index')
  effects.lock(child, 'AccessExclusiveLock', 'index')
  for (const key of [parent, child]) effects.lock(relationOf(scene, key)?.table ?? [], 'AccessShareLock')
}
