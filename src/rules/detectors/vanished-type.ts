import type { Detector, Scene } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** DROP TYPE, DROP DOMAIN or RENAME of a type that existed, unless the script makes one of the old name again, as when an enum is replaced. */
export const vanishedType: Detector = (scene) =>
  everyOperation(scene).filter(({ operation: { action, type, cascade } }) => {
    if (!['drop type', 'drop domain', 'rename type'].includes(action) || cascade === true || typeof type !== 'string') return false
    return !isMadeByScript(scene, type) && (scene.before?.types.has(type) ?? true)
  })

function isMadeByScript(scene: Scene, type: string): boolean {
  return everyOperation(scene).some(({ operation }) => {
    if (operation.action === 'create type' || operation.action === 'create domain') return operation.type === type
    return operation.action === 'rename type' && typeof operation.to === 'string' && type.endsWith(`.${operation.to}`)
  })
}
