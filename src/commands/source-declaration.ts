import { resolve } from 'node:path'
import { SourceDeclaration } from '../knowledge/declaration.ts'
import { SOURCE_TYPES } from '../knowledge/document.ts'
import { usualName } from '../knowledge/usual-name.ts'
import { SOURCE_KINDS } from './source-fields.ts'

export interface DeclarationProblem {
  /** As in knowledge.yml. */
  field: string
  kind: 'missing' | 'wrong' | 'unknown'
  /** A sentence's end: `is missing (Who wrote them.)`. */
  text: string
}

/** Of a declaration without a name the usual one is taken; `path` is relative to `folder`. */
export function readDeclaration(
  given: Record<string, unknown>,
  folder: string,
): { declaration: SourceDeclaration; problems: [] } | { declaration: undefined; problems: DeclarationProblem[] } {
  if ('imported' in given)
    return { declaration: undefined, problems: [{ field: 'imported', kind: 'unknown', text: 'is only for `kb import` to write' }] }
  const isNamed = given.name !== undefined
  const result = SourceDeclaration.safeParse(isNamed ? given : { ...given, name: 'x' })
  if (!result.success) return { declaration: undefined, problems: result.error.issues.flatMap((issue) => problemsOf(issue, given)) }
  const { data } = result
  const name = isNamed ? data.name : usualName(data)
  if (name === undefined)
    return { declaration: undefined, problems: [{ field: 'name', kind: 'missing', text: 'is missing: none can be made of the rest' }] }
  const place = 'path' in data && data.path !== undefined ? { path: resolve(folder, data.path) } : {}
  return { declaration: { ...data, ...place, name }, problems: [] }
}

interface Issue {
  code?: string
  path: PropertyKey[]
  message: string
  keys?: string[]
}

function problemsOf({ code, path, message, keys }: Issue, given: Record<string, unknown>): DeclarationProblem[] {
  if (code === 'unrecognized_keys')
    return (keys ?? []).map((field) => ({ field, kind: 'unknown', text: `is nothing that ${given.type} has` }))
  const field = String(path[0] ?? 'type')
  if (field === 'type')
    return [{ field, kind: given.type === undefined ? 'missing' : 'wrong', text: `must be one of ${SOURCE_TYPES.join(', ')}` }]
  const about = SOURCE_KINDS.find(({ type }) => type === given.type)?.fields.find(({ name }) => name === field)?.description
  const explained = about ? ` (${about.replace(/\.$/, '')})` : ''
  if (given[field] === undefined) return [{ field, kind: 'missing', text: `is missing${explained}` }]
  if (field === 'name') return [{ field, kind: 'wrong', text: 'must be of small letters, digits and hyphens, at most 63' }]
  return [{ field, kind: 'wrong', text: `is not right: ${message.replace(/^Invalid input: /, '')}${explained}` }]
}
