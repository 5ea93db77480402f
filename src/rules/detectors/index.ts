import type { Detector } from '../claim.ts'
import { attachedPartition, partitionBesideDefault } from './attached-partition.ts'
import { backfillUnderLock } from './backfill-under-lock.ts'
import { blockingIndex } from './blocking-index.ts'
import { blockingIndexDrop } from './blocking-index-drop.ts'
import { blockingReindex } from './blocking-reindex.ts'
import { columnInUse } from './column-in-use.ts'
import { concurrentTimeout } from './concurrent-timeout.ts'
import { concurrentlyOnPartitioned } from './concurrently-on-partitioned.ts'
import { constrainedDomainColumn } from './constrained-domain-column.ts'
import { costlyTypeChange, quietTypeChange, timeZoneTypeChange } from './costly-type-change.ts'
import { crowdedTable } from './crowded-table.ts'
import { disabledTriggers } from './disabled-triggers.ts'
import { droppedByCascade } from './dropped-by-cascade.ts'
import { droppedChild } from './dropped-child.ts'
import { droppedConstraint, droppedForeignKey, droppedPrimaryKey } from './dropped-constraint.ts'
import { droppedSchema } from './dropped-schema.ts'
import { droppedTable, recreatedTable } from './dropped-table.ts'
import { droppedView } from './dropped-view.ts'
import { existingTable } from './existing-table.ts'
import { guardedConcurrentIndex, secondConcurrentIndex } from './failed-build.ts'
import { foreignKeyTarget } from './foreign-key-target.ts'
import { foreignKeyTypes } from './foreign-key-types.ts'
import { dynamicSql, hiddenLock, hiddenWork } from './hidden-effects.ts'
import { hiddenRows } from './hidden-rows.ts'
import { inlineForeignKey } from './inline-foreign-key.ts'
import { insertWithoutColumns } from './insert-without-columns.ts'
import { keylessTable } from './keyless-table.ts'
import { largeTableChange } from './large-table-change.ts'
import { lateLockTimeout } from './late-lock-timeout.ts'
import { locksOnManyTables } from './locks-on-many-tables.ts'
import { longLockTimeout } from './long-lock-timeout.ts'
import { longTransaction } from './long-transaction.ts'
import { lostWithColumn } from './lost-with-column.ts'
import { mergeableAlters } from './mergeable-alters.ts'
import { missingAnalyze } from './missing-analyze.ts'
import { narrowingTypeChange } from './narrowing-type-change.ts'
import { nestedBegin } from './nested-begin.ts'
import { newEnumValue } from './new-enum-value.ts'
import { nullablePrimaryKey } from './nullable-primary-key.ts'
import { openTransaction } from './open-transaction.ts'
import { partitionedIndex } from './partitioned-index.ts'
import { partlyNullForeignKey } from './partly-null-foreign-key.ts'
import { pendingTriggerEvents } from './pending-trigger-events.ts'
import { rangeBeforeEquality } from './range-before-equality.ts'
import { redundantIndex } from './redundant-index.ts'
import { refreshWithoutUniqueIndex } from './refresh-without-unique-index.ts'
import { renamedTable } from './renamed-table.ts'
import { replacedView } from './replaced-view.ts'
import { scannedDomain } from './scanned-domain.ts'
import { severalForeignKeys } from './several-foreign-keys.ts'
import { shortPrimaryKey } from './short-primary-key.ts'
import { slowWorkUnderLock } from './slow-work-under-lock.ts'
import { staleStarView } from './stale-star-view.ts'
import { starReader } from './star-reader.ts'
import { truncatedIndexName } from './truncated-index-name.ts'
import { unboundedLockWait } from './unbounded-lock-wait.ts'
import { uncommentedTable } from './uncommented-table.ts'
import { unindexedForeignKey } from './unindexed-foreign-key.ts'
import { unindexedSearch } from './unindexed-search.ts'
import { uniqueOverExistingRows } from './unique-over-existing-rows.ts'
import { unparsable, unreadable } from './unparsable.ts'
import { unplacedEnumValue } from './unplaced-enum-value.ts'
import { unusableIndex } from './unusable-index.ts'
import { unvalidatedCheck } from './unvalidated-check.ts'
import { updateOfAllRows } from './update-of-all-rows.ts'
import { vanishedType } from './vanished-type.ts'
import { wholeBackfill } from './whole-backfill.ts'

/** The detectors a rule file may name in `detect:`. */
export const detectors: Record<string, Detector> = {
  'attached-partition': attachedPartition,
  'partition-beside-default': partitionBesideDefault,
  'backfill-under-lock': backfillUnderLock,
  'blocking-index': blockingIndex,
  'blocking-index-drop': blockingIndexDrop,
  'column-in-use': columnInUse,
  'concurrent-timeout': concurrentTimeout,
  'concurrently-on-partitioned': concurrentlyOnPartitioned,
  'constrained-domain-column': constrainedDomainColumn,
  'costly-type-change': costlyTypeChange,
  'crowded-table': crowdedTable,
  'disabled-triggers': disabledTriggers,
  'dropped-by-cascade': droppedByCascade,
  'dropped-child': droppedChild,
  'dropped-constraint': droppedConstraint,
  'dropped-foreign-key': droppedForeignKey,
  'dropped-primary-key': droppedPrimaryKey,
  'dropped-schema': droppedSchema,
  'dropped-table': droppedTable,
  'dropped-view': droppedView,
  'hidden-rows': hiddenRows,
  'dynamic-sql': dynamicSql,
  'existing-table': existingTable,
  'foreign-key-target': foreignKeyTarget,
  'foreign-key-types': foreignKeyTypes,
  'guarded-concurrent-index': guardedConcurrentIndex,
  'hidden-lock': hiddenLock,
  'hidden-work': hiddenWork,
  'inline-foreign-key': inlineForeignKey,
  'insert-without-columns': insertWithoutColumns,
  'keyless-table': keylessTable,
  'large-table-change': largeTableChange,
  'late-lock-timeout': lateLockTimeout,
  'locks-on-many-tables': locksOnManyTables,
  'long-lock-timeout': longLockTimeout,
  'long-transaction': longTransaction,
  'lost-with-column': lostWithColumn,
  'mergeable-alters': mergeableAlters,
  'missing-analyze': missingAnalyze,
  'narrowing-type-change': narrowingTypeChange,
  'nested-begin': nestedBegin,
  'new-enum-value': newEnumValue,
  'open-transaction': openTransaction,
  'partitioned-index': partitionedIndex,
  'partly-null-foreign-key': partlyNullForeignKey,
  'pending-trigger-events': pendingTriggerEvents,
  'quiet-type-change': quietTypeChange,
  'range-before-equality': rangeBeforeEquality,
  'recreated-table': recreatedTable,
  'redundant-index': redundantIndex,
  'refresh-without-unique-index': refreshWithoutUniqueIndex,
  'renamed-table': renamedTable,
  'replaced-view': replacedView,
  'scanned-domain': scannedDomain,
  'second-concurrent-index': secondConcurrentIndex,
  'several-foreign-keys': severalForeignKeys,
  'short-primary-key': shortPrimaryKey,
  'slow-work-under-lock': slowWorkUnderLock,
  'stale-star-view': staleStarView,
  'star-reader': starReader,
  'time-zone-type-change': timeZoneTypeChange,
  'truncated-index-name': truncatedIndexName,
  'unbounded-lock-wait': unboundedLockWait,
  'uncommented-table': uncommentedTable,
  'unindexed-foreign-key': unindexedForeignKey,
  'unique-over-existing-rows': uniqueOverExistingRows,
  unparsable,
  unreadable,
  'unplaced-enum-value': unplacedEnumValue,
  'unusable-index': unusableIndex,
  'unvalidated-check': unvalidatedCheck,
  'update-of-all-rows': updateOfAllRows,
  'vanished-type': vanishedType,
  'unindexed-search': unindexedSearch,
  'blocking-reindex': blockingReindex,
  'nullable-primary-key': nullablePrimaryKey,
  'whole-backfill': wholeBackfill,
}
