import type { Catalog, CatalogRelation } from '../../sql/catalog.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene, Sighting } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** ATTACH PARTITION that reads the partition, and the default partition, from end to end; with steps where the catalog knows the key. */
export const attachedPartition: Detector = (scene) => additions(scene).filter(({ operation }) => !isEmptyAddition(scene, operation))

/** A partition made by this script, with PARTITION OF or attached, for which Postgres reads the default partition from end to end. */
export const partitionBesideDefault: Detector = (scene) => additions(scene).filter(({ operation }) => isEmptyAddition(scene, operation))

function isEmptyAddition(scene: Scene, { action, partition }: Operation): boolean {
  return (
    action === 'create table' ||
    everyOperation(scene).some(({ operation: made }) => made.action === 'create table' && made.table?.key === partition)
  )
}

function additions(scene: Scene): Sighting[] {
  return everyOperation(scene).flatMap(({ statement, operation }) => {
    const parent = parentOf(operation)
    if (parent === undefined || !operation.scans) return []
    const fallback = defaultOf(parent, scene.before)
    const attached = isEmptyAddition(scene, operation) ? undefined : String(operation.partition)
    const read = [...(attached ? [`\`${nameOf(attached)}\``] : []), ...(fallback ? [`the default partition \`${fallback.name}\``] : [])]
    if (read.length === 0) return []
    const steps = stepsFor({ parent, attached, bounds: String(operation.bounds ?? '') }, scene, statement.text, fallback)
    return [{ statement, operation, values: { read: read.join(' and ') }, ...(steps && { steps }) }]
  })
}

function parentOf({ action, table, partitionOf }: Operation): string | undefined {
  if (action === 'attach partition') return table?.key
  return action === 'create table' && typeof partitionOf === 'string' ? partitionOf : undefined
}

function defaultOf(parent: string, before: Catalog | undefined): CatalogRelation | undefined {
  const children = before?.relations.get(parent)?.children ?? []
  return children.map((key) => before?.relations.get(key)).find((child) => child?.isDefaultPartition)
}

/** Constraints that prove the partition belongs there and nothing in the default partition does: checked first, dropped after. */
function stepsFor(
  { parent, attached, bounds }: { parent: string; attached: string | undefined; bounds: string },
  { before, statements }: Scene,
  text: string,
  fallback: CatalogRelation | undefined,
): string[] | undefined {
  const created = statements.flatMap((one) => one.operations).find((one) => one.action === 'create table' && one.table?.key === parent)
  const key = before?.relations.get(parent)?.partitionKey ?? created?.partitionKey
  const condition = conditionOf(String(key ?? ''), bounds)
  if (!condition || attached === '') return undefined
  const checks = [
    ...(attached ? [{ on: quoteKey(attached), name: quoteIdentifier(`${nameOf(attached)}_bounds`), condition }] : []),
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
