/**
 * Predicts what a statement does to tables that existed before it, from its operations and, where there is one, the catalog.
 * The figures behind it are test/fixtures/facts and docs/facts.json: Postgres is always right.
 */
import { effectWords } from '../effect-words.ts'
import { type Effects, noEffects } from '../effects.ts'
import type { Operation } from '../operation.ts'
import type { Statement } from '../statement.ts'
import { ALTERATIONS } from './alterations.ts'
import { COLUMNS } from './columns.ts'
import { CONSTRAINTS } from './constraints.ts'
import { createdBy } from './created.ts'
import { TYPES } from './custom-types.ts'
import { DROPS } from './drops.ts'
import { INDEXES } from './indexes.ts'
import type { Knowledge, Scene } from './knowledge.ts'
import { PARTITIONS } from './partitions.ts'
import type { Predictors } from './predictor.ts'
import { QUERIES, readKeys } from './queries.ts'
import { openRecorder, unite } from './recorder.ts'
import { TABLES } from './tables.ts'

export { createdBy } from './created.ts'
export type { Knowledge } from './knowledge.ts'

export interface Prediction {
  effects: Effects
  /** Of each operation by itself, in their order. */
  operations: Effects[]
}

const PREDICTORS: Predictors = {
  ...ALTERATIONS,
  ...COLUMNS,
  ...CONSTRAINTS,
  ...DROPS,
  ...INDEXES,
  ...PARTITIONS,
  ...QUERIES,
  ...TABLES,
  ...TYPES,
}

export function predict(statement: Pick<Statement, 'operations'>, known: Knowledge): Prediction {
  const scene = sceneOf(statement, known)
  if (existsAlready(statement.operations[0], known)) return whenNotCreated(statement, scene)
  const operations = statement.operations.map((operation) => {
    // The body of a function that is only defined does not run.
    if (operation.inside === 'function') return noEffects()
    const recorder = openRecorder(scene, operation)
    PREDICTORS[operation.action]?.(operation, scene, recorder)
    return recorder.effects()
  })
  const effects = unite(operations)
  // What one part of the statement writes anew, no other part reads by itself.
  const alone = operations.map((one) => ({ ...one, scans: one.scans.filter((table) => !effects.rewrites.includes(table)) }))
  return { effects, operations: alone }
}

/**
 * Sets `lock`, `rewrites`, `scans` and `builds` of the statement's operations as predicted, each by itself. `created` are the keys of
 * relations this change has created so far: nobody uses them yet, so they count for nothing.
 */
export function applyPrediction(statement: Statement, prediction: Prediction, created: ReadonlySet<string>): void {
  for (const [index, operation] of statement.operations.entries())
    Object.assign(
      operation,
      effectWords(prediction.operations[index] ?? noEffects(), (key) => created.has(key)),
    )
}

function sceneOf(statement: Pick<Statement, 'operations'>, known: Knowledge): Scene {
  const { operations } = statement
  return {
    known,
    operations,
    created: new Set(createdBy(statement).filter((key) => !known.catalog?.relations.has(key) && !known.catalog?.types.has(key))),
  }
}

/** The query of CREATE TABLE … AS is looked at before it is known that the table is there. */
function whenNotCreated({ operations }: Pick<Statement, 'operations'>, scene: Scene): Prediction {
  const each = operations.map((operation) => {
    const recorder = openRecorder(scene, operation)
    recorder.lock(readKeys(operation), 'AccessShareLock')
    return recorder.effects()
  })
  return { effects: unite(each), operations: each }
}

/** CREATE … IF NOT EXISTS of a relation that is there is over before it locks anything. An index is another matter. */
function existsAlready(first: Operation | undefined, { catalog }: Knowledge): boolean {
  return (
    first?.guarded === true &&
    first.action.startsWith('create ') &&
    !['create index', 'create statistics'].includes(first.action) &&
    first.table !== undefined &&
    catalog?.relations.has(first.table.key) === true
  )
}
