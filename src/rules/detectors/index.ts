import type { Detector } from '../claim.ts'
import { blockingIndexDrop } from './blocking-index-drop.ts'
import { blockingIndex } from './blocking-index.ts'
import { concurrentTimeout } from './concurrent-timeout.ts'
import { concurrentlyOnPartitioned } from './concurrently-on-partitioned.ts'
import { crowdedTable } from './crowded-table.ts'
import { droppedChild } from './dropped-child.ts'
import { droppedConstraint, droppedForeignKey, droppedPrimaryKey } from './dropped-constraint.ts'
import { guardedConcurrentIndex, secondConcurrentIndex } from './failed-build.ts'
import { foreignKeyTarget } from './foreign-key-target.ts'
import { foreignKeyTypes } from './foreign-key-types.ts'
import { keylessTable } from './keyless-table.ts'
import { longTransaction } from './long-transaction.ts'
import { partitionedIndex } from './partitioned-index.ts'
import { partlyNullForeignKey } from './partly-null-foreign-key.ts'
import { rangeBeforeEquality } from './range-before-equality.ts'
import { redundantIndex } from './redundant-index.ts'
import { refreshWithoutUniqueIndex } from './refresh-without-unique-index.ts'
import { severalForeignKeys } from './several-foreign-keys.ts'
import { truncatedIndexName } from './truncated-index-name.ts'
import { unindexedForeignKey } from './unindexed-foreign-key.ts'
import { uniqueOverExistingRows } from './unique-over-existing-rows.ts'
import { unusableIndex } from './unusable-index.ts'
import { unvalidatedCheck } from './unvalidated-check.ts'

/** The detectors a rule file may name in `detect:`. */
export const detectors: Record<string, Detector> = {
  'blocking-index': blockingIndex,
  'blocking-index-drop': blockingIndexDrop,
  'concurrent-timeout': concurrentTimeout,
  'concurrently-on-partitioned': concurrentlyOnPartitioned,
  'crowded-table': crowdedTable,
  'dropped-child': droppedChild,
  'dropped-constraint': droppedConstraint,
  'dropped-foreign-key': droppedForeignKey,
  'dropped-primary-key': droppedPrimaryKey,
  'foreign-key-target': foreignKeyTarget,
  'foreign-key-types': foreignKeyTypes,
  'guarded-concurrent-index': guardedConcurrentIndex,
  'keyless-table': keylessTable,
  'long-transaction': longTransaction,
  'partitioned-index': partitionedIndex,
  'partly-null-foreign-key': partlyNullForeignKey,
  'range-before-equality': rangeBeforeEquality,
  'redundant-index': redundantIndex,
  'refresh-without-unique-index': refreshWithoutUniqueIndex,
  'second-concurrent-index': secondConcurrentIndex,
  'several-foreign-keys': severalForeignKeys,
  'truncated-index-name': truncatedIndexName,
  'unindexed-foreign-key': unindexedForeignKey,
  'unique-over-existing-rows': uniqueOverExistingRows,
  'unusable-index': unusableIndex,
  'unvalidated-check': unvalidatedCheck,
}
