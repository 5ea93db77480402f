import type { CatalogType } from '../../sql/catalog.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene } from '../claim.ts'
import { ownType } from './column-before.ts'

/** ADD COLUMN of a domain with constraints, where that rewrites. That a type is a domain stands in the catalog, or earlier in the script. */
export const constrainedDomainColumn: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations.flatMap((operation) => {
      const { action, column, rewrites } = operation
      const isPlain = action === 'add column' && rewrites && column?.default !== 'volatile' && column?.generated !== 'stored'
      const domain = isPlain ? domainOf(scene, column?.type) : undefined
      if (!domain) return []
      const steps = stepsOf(domain, operation)
      return [{ statement, operation, values: { domain: domain.key }, ...(steps && { steps }) }]
    }),
  )

interface Domain {
  key: string
  checks: Array<{ name: string; definition: string }>
}

function domainOf(scene: Scene, name: string | undefined): Domain | undefined {
  const known = ownType(scene, name)
  if (known?.type.kind === 'domain') return known.type.constrained ? { key: known.key, checks: checksOf(known.type) } : undefined
  const created = scene.statements
    .flatMap(({ operations }) => operations)
    .find(({ action, type }) => action === 'create domain' && (type === name || type === `public.${name}`))
  return created?.constrained === true ? { key: String(created.type), checks: [] } : undefined
}

function checksOf(type: CatalogType): Domain['checks'] {
  return type.kind === 'domain' ? (type.checks ?? []) : []
}

/** With its checks off for a moment that nobody else sees, the domain is added like its base type. NOT NULL of a domain cannot come back unchecked. */
function stepsOf({ key, checks }: Domain, { table, column }: Operation): string[] | undefined {
  if (checks.length === 0 || !table || !column || column.nullable === false || column.unique || column.primary || column.array)
    return undefined
  const quoted = (name: string) => name.split('.').map(quoteIdentifier).join('.')
  const domain = `alter domain ${quoted(key)}`
  const name = (check: { name: string }) => quoteIdentifier(check.name)
  const add = `alter table ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)} add column ${quoteIdentifier(column.name)} ${quoted(key)}`
  return [
    [
      ...checks.map((check) => `${domain} drop constraint ${name(check)}`),
      add + (column.defaultExpression ? ` default ${column.defaultExpression}` : ''),
      ...checks.map((check) => `${domain} add constraint ${name(check)} ${check.definition} not valid`),
    ].join(';\n'),
    ...checks.map((check) => `${domain} validate constraint ${name(check)}`),
  ]
}
