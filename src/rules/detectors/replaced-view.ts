import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** CREATE OR REPLACE VIEW of a view that exists; only running it tells whether its columns still fit. Silent without a catalog. */
export const replacedView: Detector = (scene) =>
  everyOperation(scene).filter(
    ({ operation: { action, replace, table } }) =>
      action === 'create view' && replace === true && table && scene.before?.relations.get(table.key)?.kind === 'view',
  )
