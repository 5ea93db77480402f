import type { Catalog, CatalogRelation } from '../../sql/catalog.ts'
import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene } from '../claim.ts'
import { quoteIdentifier } from '../fill.ts'
import { everyOperation } from './every-operation.ts'

/** ATTACH PARTITION that reads the partition, or the default partition, from end to end; with steps where the catalog knows the key. */
export const attachedPartition: Detector = (scene) =>
  everyOperation(scene).flatMap(({ statement, operation }) => {
    if (operation.action !== 'attach partition' || !operation.scans) return []
    const partition = String(operation.partition)
    const fallback = defaultOf(operation, scene.before)
    const read = fallback ? `\`${nameOf(partition)}\` and the default partition \`${fallback.name}\`` : `\`${nameOf(partition)}\``
    const steps = stepsFor(operation, scene, statement.text, fallback)
    return [{ statement, operation, values: { read }, ...(steps && { steps }) }]
  })

function defaultOf({ table }: Operation, before: Catalog | undefined): CatalogRelation | undefined {
  const children = before?.relations.get(table?.key ?? '')?.children ?? []
  return children.map((key) => before?.relations.get(key)).find((child) => child?.isDefaultPartition)
}

/** Constraints that prove the partition belongs there and nothing in the default partition does: checked first, dropped after. */
function stepsFor(
  operation: Operation,
  { before, statements }: Scene,
  text: string,
  fallback: CatalogRelation | undefined,
): string[] | undefined {
  const { table, bounds, partition } = operation
  const created = statements.flatMap((one) => one.operations).find((one) => one.action === 'create table' && one.table?.key === table?.key)
  const key = before?.relations.get(table?.key ?? '')?.partitionKey ?? created?.partitionKey
  const condition = conditionOf(String(key ?? ''), String(bounds ?? ''))
  if (!condition || String(partition) === '') return undefined
  const checks = [
    { on: quoteKey(String(partition)), name: quoteIdentifier(`${nameOf(String(partition))}_bounds`), condition },
    ...(fallback
      ? [
          {
            on: quoteKey(`${fallback.schema}.${fallback.name}`),
            name: quoteIdentifier(`${fallback.name}_elsewhere`),
            condition: `not (${condition})`,
          },
        ]
      : []),
  ]
  return [
    ...checks.map((one) => `alter table ${one.on} add constraint ${one.name} check (${one.condition}) not valid`),
    ...checks.map((one) => `alter table ${one.on} validate constraint ${one.name}`),
    text,
    ...checks.map((one) => `alter table ${one.on} drop constraint ${one.name}`),
  ]
}

/** The partition constraint in words, for one plain key column; anything else is left to the reader. */
function conditionOf(key: string, bounds: string): string | undefined {
  const column = /^(?:partition\s+by\s+)?(?:range|list)\s*\(\s*("[^"]+"|[a-z_][\w$]*)\s*\)$/i.exec(key.trim())?.[1]
  if (!column) return undefined
  const list = /^for\s+values\s+in\s*\((.*)\)$/is.exec(bounds.trim())?.[1]
  if (list) return /\bnull\b/i.test(list) ? undefined : `${column} is not null and ${column} in (${list})`
  const [, from, to] = /^for\s+values\s+from\s*\(([^,()]+)\)\s*to\s*\(([^,()]+)\)$/is.exec(bounds.trim()) ?? []
  if (!from || !to) return undefined
  const isOpen = (bound: string) => /^\s*(min|max)value\s*$/i.test(bound)
  return [
    `${column} is not null`,
    ...(isOpen(from) ? [] : [`${column} >= ${from.trim()}`]),
    ...(isOpen(to) ? [] : [`${column} < ${to.trim()}`]),
  ].join(' and ')
}

function nameOf(key: string): string {
  return key.split('.').at(-1) ?? key
}

function quoteKey(key: string): string {
  return key.split('.').map(quoteIdentifier).join('.')
}
