import type { LockMode } from '../effects.ts'
import type { Operation } from '../operation.ts'
import { isThere, type Scene } from './knowledge.ts'
import type { Recorder } from './recorder.ts'

/** Says what one operation does. */
export type Predictor = (operation: Operation, scene: Scene, effects: Recorder) => void
export type Predictors = Record<string, Predictor>

/** An operation whose one effect is a lock on its own relation. */
export function locks(mode: LockMode): Predictor {
  return ({ table }, _, effects) => {
    if (table) effects.lock(table.key, mode)
  }
}

/** The key of the operation's relation, unless there is none to act on. */
export function subject(operation: Operation, scene: Scene): string | undefined {
  const key = operation.table?.key
  return key !== undefined && (scene.created.has(key) || isThere(scene, key)) ? key : undefined
}

export function words(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

export function word(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
