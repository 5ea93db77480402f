import { quoteIdentifier } from '../sql/identifier.ts'
import { wordAt } from './condition.ts'

/**
 * Fills the `{{placeholders}}` of a rule's texts. `{{table}}`, `{{constraint}}` and the like stand for the thing's name;
 * an identifier that needs quotes gets them in SQL. A placeholder that names nothing throws: a fault of the rule, found by its own examples.
 */
export function fill(template: string, values: object): string {
  return template.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, path: string) => textOf(wordAt(values, path), path))
}

/** The same for SQL: names are quoted where Postgres would need it, and `{{table}}_{{column}}_seq` is one name. */
export function fillSql(template: string, values: object): string {
  return template.replace(/\w*(?:\{\{\s*.+?\s*\}\}\w*)+/g, (run) => {
    const paths = [...run.matchAll(/\{\{\s*(.+?)\s*\}\}/g)].map(([, path = '']) => path)
    const isName = paths.every((path) => isNamed(wordAt(values, path)) || NAMES.some((ending) => path.endsWith(ending)))
    if (isName) return quoteIdentifier(fill(run, values))
    return run.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, path: string) => sqlOf(path, values))
  })
}

function sqlOf(path: string, values: object): string {
  const value = wordAt(values, path)
  if (path.endsWith('.key') && typeof value === 'string') return value.split('.').map(quoteIdentifier).join('.')
  if (isNamed(value)) return quoteIdentifier(value.name)
  if (Array.isArray(value)) return value.map((one) => quoteIdentifier(String(one))).join(', ')
  return NAMES.some((ending) => path.endsWith(ending)) ? quoteIdentifier(textOf(value, path)) : textOf(value, path)
}

/** Can every placeholder be filled? An expression among columns, or a list without members, is nothing SQL could be made of. */
export function isFillable(template: string, values: object): boolean {
  return [...template.matchAll(/\{\{\s*(.+?)\s*\}\}/g)].every(([, path = '']) => {
    const value = wordAt(values, path)
    if (Array.isArray(value)) return value.length > 0 && value.every((one) => typeof one === 'string' && !one.startsWith('('))
    return value !== undefined && value !== null && (typeof value !== 'object' || isNamed(value))
  })
}

const NAMES = ['.name', '.schema', 'constraint.index']

function textOf(value: unknown, path: string): string {
  if (isNamed(value)) return value.name
  if (Array.isArray(value)) return value.join(', ')
  if (value === undefined || value === null || typeof value === 'object') throw new Error(`nothing is called {{${path}}}`)
  return String(value)
}

function isNamed(value: unknown): value is { name: string } {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
}
