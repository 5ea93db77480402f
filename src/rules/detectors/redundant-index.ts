import type { Operation } from '../../sql/operation.ts'
import type { Detector, Sighting } from '../claim.ts'
import { type KnownIndex, tableAfter } from '../known-table.ts'
import { indexName, makesIndex } from '../table-changes.ts'

/** Pairs of indexes of which one serves for both and at least one is new with this script. */
export const redundantIndex: Detector = (scene) => {
  const made = scene.statements.flatMap((statement) =>
    statement.operations.filter(makesIndex).map((operation) => ({ statement, operation })),
  )
  const places = new Map(made.map(({ operation }, place) => [keyOf(operation, indexName(operation)), place]))
  return made.flatMap(({ statement, operation }): Sighting[] => {
    const old = scene.before?.relations.get(operation.table?.key ?? '')?.indexes ?? []
    const indexes = tableAfter(scene, operation.table?.key ?? '')?.indexes ?? []
    const own = indexes.find(({ name }) => name === indexName(operation))
    if (!own || old.some(({ name }) => name === own.name)) return []
    // Of two equal indexes the later one is spare; one that stood before is earlier than all.
    const place = ({ name }: KnownIndex) => places.get(keyOf(operation, name)) ?? -1
    const others = indexes.filter((other) => other !== own)
    const cover = others.find((other) => isCovered(own, other) && (!isCovered(other, own) || place(other) < place(own)))
    if (cover) return [{ statement, operation, values: { spare: own.name, cover: cover.name } }]
    const covered = others.find((other) => isCovered(other, own) && old.some(({ name }) => name === other.name))
    return covered ? [{ statement, operation, values: { spare: covered.name, cover: own.name } }] : []
  })
}

function keyOf({ table }: Operation, index: string): string {
  return `${table?.key} ${index}`
}

/** Everything `index` can answer or enforce, `other` does too. */
function isCovered(index: KnownIndex, other: KnownIndex): boolean {
  const isSame = index.keys.length === other.keys.length
  return (
    index.method === 'btree' &&
    other.method === 'btree' &&
    other.valid &&
    index.predicate === other.predicate &&
    !index.keys.some((key) => key.includes('…')) &&
    index.keys.every((key, at) => key === other.keys[at]) &&
    (!index.unique || (isSame && other.unique)) &&
    !index.primary &&
    index.include.every((one) => other.include.includes(one) || other.columns.includes(one))
  )
}
