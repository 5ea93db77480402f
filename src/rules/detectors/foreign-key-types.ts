import type { Catalog } from '../../sql/catalog.ts'
import type { Detector } from '../claim.ts'
import { type KnownTable, tableAt } from '../known-table.ts'
import { foreignKeys } from './foreign-key-target.ts'

/** Integers by width: a child that is wider than its parent holds all its keys. */
const WIDTHS: Record<string, number> = { smallint: 2, smallserial: 2, integer: 4, serial: 4, bigint: 8, bigserial: 8 }

/** A foreign key whose column is of another type than the column it points at. */
export const foreignKeyTypes: Detector = (scene) =>
  foreignKeys(scene).flatMap(({ statement, operation, parent }) => {
    const child = tableAt(scene, operation.table?.key ?? '', statement.index + 1)
    const { columns = [], references } = operation.constraint ?? {}
    const targets = references?.columns.length ? references.columns : keyOf(parent)
    return columns
      .flatMap((name, at) => {
        const target = targets[at]
        const type = baseOf(child?.columns.get(name)?.type, scene.before)
        const wanted = baseOf(parent.columns.get(target ?? '')?.type, scene.before)
        if (type === undefined || wanted === undefined || isFit(type, wanted)) return []
        return [{ statement, operation, values: { name, type, target, wanted, cost: costOf(type, wanted) } }]
      })
      .slice(0, 1)
  })

function keyOf({ indexes }: KnownTable): string[] {
  return (indexes.find(({ primary }) => primary)?.columns ?? []).flatMap((one) => one ?? [])
}

function isFit(type: string, wanted: string): boolean {
  const [own, other] = [WIDTHS[type], WIDTHS[wanted]]
  return type === wanted || (own !== undefined && other !== undefined && own >= other)
}

function costOf(type: string, wanted: string): string {
  return WIDTHS[type] && WIDTHS[wanted] ? 'cannot hold all its values' : 'has to be cast for each comparison, if Postgres accepts it at all'
}

/** A domain counts as its base type, varchar as text: they compare without a cast. */
function baseOf(type: string | undefined, catalog: Catalog | undefined): string | undefined {
  if (type === undefined) return undefined
  const domain = catalog?.types.get(type) ?? catalog?.types.get(`public.${type}`)
  const base = (domain?.kind === 'domain' ? domain.base : type).replace(/\([^)]*\)/, '')
  return base === 'character varying' ? 'text' : base
}
