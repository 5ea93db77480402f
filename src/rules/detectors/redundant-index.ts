import type { Detector, Scene, Sighting } from '../claim.ts'
import { type KnownIndex, tableAfter } from '../known-table.ts'
import { indexName, makesIndex } from '../table-changes.ts'

/** Pairs of indexes of which one serves for both and at least one is new with this script. */
export const redundantIndex: Detector = (scene) =>
  newIndexes(scene).flatMap(({ statement, operation, name }): Sighting[] => {
    const indexes = tableAfter(scene, operation.table?.key ?? '')?.indexes ?? []
    const own = indexes.find((one) => one.name === name)
    if (!own) return []
    const cover = indexes.find((other) => other !== own && isCovered(own, other) && (!isCovered(other, own) || !isLater(scene, other, own)))
    if (cover) return [{ statement, operation, values: { spare: own.name, cover: cover.name } }]
    const covered = indexes.find((other) => other !== own && isCovered(other, own) && !isNew(scene, other))
    return covered ? [{ statement, operation, values: { spare: covered.name, cover: own.name } }] : []
  })

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

function isNew({ before, statements }: Scene, { name }: KnownIndex): boolean {
  const isOld = before && [...before.relations.values()].some(({ indexes }) => indexes.some((one) => one.name === name))
  return !isOld && statements.length > 0
}

/** Of two equal indexes the later one is spare. */
function isLater(scene: Scene, index: KnownIndex, other: KnownIndex): boolean {
  const place = ({ name }: KnownIndex) => newIndexes(scene).findIndex((one) => one.name === name)
  return place(index) > place(other)
}

function newIndexes({ statements }: Scene) {
  return statements.flatMap((statement) =>
    statement.operations.filter(makesIndex).map((operation) => ({ statement, operation, name: indexName(operation) })),
  )
}
