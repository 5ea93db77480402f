import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** CREATE OR REPLACE VIEW of a view that exists and that Postgres refused for its columns: only a run tells whether they fit. */
export const replacedView: Detector = (scene) =>
  everyOperation(scene).filter(
    ({ operation: { action, replace, table, failed } }) =>
      action === 'create view' && replace === true && failed === MISFIT && table && scene.before?.relations.get(table.key)?.kind === 'view',
  )

const MISFIT = '42P16'
