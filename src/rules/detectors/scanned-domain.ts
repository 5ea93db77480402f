import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** A constraint on a domain for which tables are read. Which tables use the domain stands in the catalog only: without one, every existing domain counts. */
export const scannedDomain: Detector = (scene) =>
  everyOperation(scene).filter(({ operation: { action, what, valid, scans, type, inside } }) => {
    if (action !== 'alter domain' || inside === 'function') return false
    if (scans) return what !== 'validate constraint'
    const mayScan = (what === 'add constraint' && valid === true) || what === 'set not null'
    return (
      !scene.before &&
      mayScan &&
      !everyOperation(scene).some(({ operation: made }) => made.action === 'create domain' && made.type === type)
    )
  })
