import type { Detector, Scene } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** ADD COLUMN to a table of which a view shows every column: as if it were made with `*`, which Postgres spelled out when the view was made. */
export const staleStarView: Detector = (scene) =>
  everyOperation(scene).flatMap((sighting) => {
    const { action, table, column } = sighting.operation
    if (action !== 'add column' || !column) return []
    const views = viewsOfAll(scene, table?.key ?? '').filter((view) => !columnsOf(scene.after, view).includes(column.name))
    return views.length > 0 ? [{ ...sighting, values: { views: views.join(', ') } }] : []
  })

/** Of tables with two columns or more: a view of the only column says nothing. */
function viewsOfAll({ before, after }: Scene, key: string): string[] {
  const table = before?.relations.get(key)
  if (!before || !after || !table || table.columns.length < 2) return []
  return table.readBy.filter(
    (view) => after.relations.has(view) && table.columns.every(({ name }) => columnsOf(before, view).includes(name)),
  )
}

function columnsOf(catalog: Scene['before'], key: string): string[] {
  return catalog?.relations.get(key)?.columns.map(({ name }) => name) ?? []
}
