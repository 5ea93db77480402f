/** Without a catalog, what earlier statements of the change tell: what they added, checked and dropped. */
import type { Operation } from '../operation.ts'
import { columnNotNull, partsOf } from './expressions.ts'
import type { Scene } from './knowledge.ts'

/** A validated CHECK or a SET NOT NULL among them says so. */
export function wasProvenNotNull(scene: Scene, table: string, column: string): boolean {
  let isMarked = false
  const checks = new Map<string, { proves: boolean; valid: boolean }>()
  for (const { action, constraint, column: changed } of operationsOn(scene, table)) {
    const name = constraint?.name ?? ''
    if (action === 'add constraint' && constraint?.type === 'check') {
      const proves = partsOf(constraint.expression ?? '', 'AND').some((part) => columnNotNull(part) === column)
      checks.set(name, { proves, valid: constraint.valid !== false && constraint.enforced !== false })
    }
    const check = checks.get(name)
    if (action === 'validate constraint' && check) check.valid = true
    if (action === 'drop constraint') checks.delete(name)
    if (changed?.name === column && (action === 'set not null' || action === 'drop not null')) isMarked = action === 'set not null'
  }
  return isMarked || [...checks.values()].some(({ proves, valid }) => proves && valid)
}

/** The type a column was given, as `format_type` writes it. */
export function earlierType(scene: Scene, table: string, column: string): string | undefined {
  const given = operationsOn(scene, table).filter((one) => one.column?.name === column && TYPED.has(one.action))
  return given.at(-1)?.column?.fullType
}

const TYPED = new Set(['define column', 'add column', 'alter column type'])

/** The table a foreign key of this name was pointed at. */
export function earlierReference(scene: Scene, table: string, constraint: string | undefined): string | undefined {
  return operationsOn(scene, table).findLast((one) => one.action === 'add constraint' && one.constraint?.name === constraint)?.constraint
    ?.references?.table.key
}

/** The table an index of this name was made on. */
export function tableOfEarlierIndex(scene: Scene, schema: string, index: string): string | undefined {
  return all(scene).findLast((one) => one.action === 'create index' && one.table?.schema === schema && one.index?.name === index)?.table
    ?.key
}

function operationsOn(scene: Scene, table: string): Operation[] {
  return all(scene).filter((one) => one.table?.key === table)
}

function all({ known: { earlier = [] } }: Scene): Operation[] {
  return earlier.flatMap(({ operations }) => operations).filter((one) => one.inside !== 'function')
}
