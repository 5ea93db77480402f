/** Every field of every declaration, as options of `kb add` and for docs/knowledge.md. */
import { z } from 'zod'
import { flagOf } from '../experiments/input-fields.ts'
import { SourceDeclaration } from '../knowledge/declaration.ts'
import type { SourceType } from '../knowledge/document.ts'

export interface SourceField {
  /** As in knowledge.yml. */
  name: string
  /** An option for a list is given once an item, and called for one. */
  flag: string
  kind: 'string' | 'integer' | 'boolean' | 'array'
  isRequired: boolean
  description: string
}

export interface SourceKind {
  type: SourceType
  description: string
  /** All but name and type. */
  fields: SourceField[]
}

const FLAGS: Record<string, string> = { urls: '--url', hosts: '--host', trustedAuthors: '--trusted-author' }

interface Schema {
  properties: Record<string, { type: SourceField['kind']; const?: SourceType; description?: string; default?: unknown }>
  required: string[]
}

export const SOURCE_KINDS: readonly SourceKind[] = SourceDeclaration.options.map((option) => {
  const { properties, required } = z.toJSONSchema(option, { io: 'input' }) as unknown as Schema
  const fields = Object.entries(properties).flatMap(([name, { type: kind, description = '' }]) =>
    name === 'name' || name === 'type'
      ? []
      : [{ name, flag: FLAGS[name] ?? flagOf(name), kind, isRequired: required.includes(name), description }],
  )
  return { type: properties.type?.const as SourceType, description: properties.type?.description ?? '', fields }
})

/** `--postgres 17`, as one gives it. */
export function usageOf({ flag, kind }: SourceField): string {
  return kind === 'boolean' ? flag : `${flag} ${kind === 'integer' ? 'N' : (VALUES[flag] ?? 'TEXT')}`
}

const VALUES: Record<string, string> = {
  '--path': 'PATH',
  '--url': 'URL',
  '--host': 'HOST',
  '--include': 'GLOB',
  '--trusted-author': 'ADDRESS',
}
