/** Types and domains: what changing them does to the tables that use them. */
import type { Operation } from '../operation.ts'
import { dropColumn, dropRelation } from './drops.ts'
import { keyOf, relationOf, type Scene, treeOf, typeKeyOf, typeOf } from './knowledge.ts'
import { type Predictors, word } from './predictor.ts'
import type { Recorder } from './recorder.ts'

export const TYPES: Predictors = {
  'alter domain': alterDomain,
  'add enum value': lockType,
  'rename enum value': lockType,
  'alter type': alterType,
  'rename type': alterType,
  'drop type': drop,
  'drop domain': drop,
}

function lockType({ type }: Operation, scene: Scene, effects: Recorder): void {
  if (typeof type === 'string') effects.lock(typeKeyOf(scene, type), 'ExclusiveLock', 'type')
}

/** Keys of the tables with a column of the type, or of a domain over it. */
function usersOf(scene: Scene, name: string): string[] {
  const type = typeOf(scene, name)
  const above = [...(scene.known.catalog?.types ?? [])].filter(
    ([, one]) => one.kind === 'domain' && typeKeyOf(scene, one.base) === typeKeyOf(scene, name),
  )
  return [...new Set([...(type?.usedBy ?? []), ...above.flatMap(([key]) => usersOf(scene, key))])]
}

/** A domain's new constraint holds for every column of it: each table is read with writers kept out. */
function alterDomain({ what, type, valid, constraint }: Operation, scene: Scene, effects: Recorder): void {
  const name = word(type)
  if (name === undefined) return
  const domain = typeOf(scene, name)
  const isChecked =
    (what === 'add constraint' && valid !== false && constraint?.valid !== false) ||
    what === 'validate constraint' ||
    (what === 'set not null' && !(domain?.kind === 'domain' && domain.notNull))
  if (!isChecked) return
  effects.lock(usersOf(scene, name), 'ShareLock')
  effects.scan(usersOf(scene, name))
}

/** A composite type is a relation without rows. ALTER TYPE … ATTRIBUTE … CASCADE changes the tables of the type. */
function alterType({ what, type, cascade }: Operation, scene: Scene, effects: Recorder): void {
  if (typeof type !== 'string') return
  if (what !== 'set options' && typeOf(scene, type)?.kind === 'composite')
    effects.lock(typeKeyOf(scene, type), 'AccessExclusiveLock', 'type')
  // RENAME ATTRIBUTE tells no CASCADE, without which it would fail.
  if (!cascade && what !== 'rename attribute') return
  const typed = [...(scene.known.catalog?.relations ?? [])]
    .filter(([, one]) => one.ofType === typeKeyOf(scene, type))
    .flatMap(([key]) => treeOf(scene, key))
  effects.lock(typed, 'AccessExclusiveLock')
  if (what === 'alter attribute type') effects.rewrite(typed)
}

/** CASCADE drops the columns of the type, and its typed tables. */
function drop({ type, cascade }: Operation, scene: Scene, effects: Recorder): void {
  const name = word(type)
  if (name === undefined) return
  const key = typeKeyOf(scene, name)
  if (!scene.known.catalog || scene.known.catalog.types.has(key)) effects.lock(key, 'AccessExclusiveLock', 'type')
  if (!cascade) return
  for (const relation of scene.known.catalog?.relations.values() ?? [])
    if (relation.ofType === key) dropRelation(scene, keyOf(relation), effects)
  for (const table of typeOf(scene, key)?.usedBy ?? []) {
    const relation = relationOf(scene, table)
    if (relation?.ofType === key) continue
    effects.lock(table, 'AccessExclusiveLock')
    for (const column of relation?.columns ?? []) if (typeKeyOf(scene, column.type) === key) dropColumn(scene, table, column.name, effects)
  }
}
