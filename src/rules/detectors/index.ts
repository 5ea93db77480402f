import type { Detector } from '../claim.ts'
import { blockingIndexDrop } from './blocking-index-drop.ts'
import { blockingIndex } from './blocking-index.ts'
import { columnInUse } from './column-in-use.ts'
import { concurrentTimeout } from './concurrent-timeout.ts'
import { concurrentlyOnPartitioned } from './concurrently-on-partitioned.ts'
import { constrainedDomainColumn } from './constrained-domain-column.ts'
import { costlyTypeChange, timeZoneTypeChange } from './costly-type-change.ts'
import { crowdedTable } from './crowded-table.ts'
import { droppedChild } from './dropped-child.ts'
import { droppedConstraint, droppedForeignKey, droppedPrimaryKey } from './dropped-constraint.ts'
import { guardedConcurrentIndex, secondConcurrentIndex } from './failed-build.ts'
import { foreignKeyTarget } from './foreign-key-target.ts'
import { foreignKeyTypes } from './foreign-key-types.ts'
import { dynamicSql, hiddenEffects } from './hidden-effects.ts'
import { inlineForeignKey } from './inline-foreign-key.ts'
import { keylessTable } from './keyless-table.ts'
import { longTransaction } from './long-transaction.ts'
import { lostWithColumn } from './lost-with-column.ts'
import { narrowingTypeChange } from './narrowing-type-change.ts'
import { newEnumValue } from './new-enum-value.ts'
import { partitionedIndex } from './partitioned-index.ts'
import { partlyNullForeignKey } from './partly-null-foreign-key.ts'
import { rangeBeforeEquality } from './range-before-equality.ts'
import { redundantIndex } from './redundant-index.ts'
import { refreshWithoutUniqueIndex } from './refresh-without-unique-index.ts'
import { severalForeignKeys } from './several-foreign-keys.ts'
import { shortPrimaryKey } from './short-primary-key.ts'
import { staleStarView } from './stale-star-view.ts'
import { starReader } from './star-reader.ts'
import { truncatedIndexName } from './truncated-index-name.ts'
import { unindexedForeignKey } from './unindexed-foreign-key.ts'
import { uniqueOverExistingRows } from './unique-over-existing-rows.ts'
import { unusableIndex } from './unusable-index.ts'
import { unvalidatedCheck } from './unvalidated-check.ts'
import { vanishedType } from './vanished-type.ts'

/** The detectors a rule file may name in `detect:`. */
export const detectors: Record<string, Detector> = {
  'blocking-index': blockingIndex,
  'blocking-index-drop': blockingIndexDrop,
  'column-in-use': columnInUse,
  'concurrent-timeout': concurrentTimeout,
  'concurrently-on-partitioned': concurrentlyOnPartitioned,
  'constrained-domain-column': constrainedDomainColumn,
  'costly-type-change': costlyTypeChange,
  'crowded-table': crowdedTable,
  'dropped-child': droppedChild,
  'dropped-constraint': droppedConstraint,
  'dropped-foreign-key': droppedForeignKey,
  'dropped-primary-key': droppedPrimaryKey,
  'dynamic-sql': dynamicSql,
  'foreign-key-target': foreignKeyTarget,
  'foreign-key-types': foreignKeyTypes,
  'guarded-concurrent-index': guardedConcurrentIndex,
  'hidden-effects': hiddenEffects,
  'inline-foreign-key': inlineForeignKey,
  'keyless-table': keylessTable,
  'long-transaction': longTransaction,
  'lost-with-column': lostWithColumn,
  'narrowing-type-change': narrowingTypeChange,
  'new-enum-value': newEnumValue,
  'partitioned-index': partitionedIndex,
  'partly-null-foreign-key': partlyNullForeignKey,
  'range-before-equality': rangeBeforeEquality,
  'redundant-index': redundantIndex,
  'refresh-without-unique-index': refreshWithoutUniqueIndex,
  'second-concurrent-index': secondConcurrentIndex,
  'several-foreign-keys': severalForeignKeys,
  'short-primary-key': shortPrimaryKey,
  'stale-star-view': staleStarView,
  'star-reader': starReader,
  'time-zone-type-change': timeZoneTypeChange,
  'truncated-index-name': truncatedIndexName,
  'unindexed-foreign-key': unindexedForeignKey,
  'unique-over-existing-rows': uniqueOverExistingRows,
  'unusable-index': unusableIndex,
  'unvalidated-check': unvalidatedCheck,
  'vanished-type': vanishedType,
}
