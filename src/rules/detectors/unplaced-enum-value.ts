import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** ADD VALUE without BEFORE or AFTER. `after` is a word of the condition language, so no condition can ask for it. */
export const unplacedEnumValue: Detector = (scene) =>
  everyOperation(scene).filter(
    ({ operation: { action, before, after } }) => action === 'add enum value' && before === undefined && after === undefined,
  )
