import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

const ENDS = ['commit', 'rollback', 'prepare transaction']

/** The script's last BEGIN, when nothing after it ends the transaction. One that joined a transaction of its tool is ended by the tool. */
export const openTransaction: Detector = (scene) => {
  const own = everyOperation(scene).filter(({ operation }) => !operation.inside && ['begin', ...ENDS].includes(operation.action))
  const last = own.at(-1)
  return last && last.operation.action === 'begin' && last.operation.warned !== '25001' ? [last] : []
}
