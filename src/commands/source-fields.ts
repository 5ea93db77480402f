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
  /** Of an integer. */
  range: { least: number; most: number }
  isRequired: boolean
  description: string
}

export interface SourceKind {
  type: SourceType
  description: string
  /** All but name and type, and what only an import writes. */
  fields: SourceField[]
}

const FLAGS: Record<string, string> = { urls: '--url', hosts: '--host', trustedAuthors: '--trusted-author' }

interface Schema {
  properties: Record<string, { type: SourceField['kind']; const?: SourceType; description?: string; minimum?: number; maximum?: number }>
  required: string[]
}

export const SOURCE_KINDS: readonly SourceKind[] = SourceDeclaration.options.map((option) => {
  const { properties, required } = z.toJSONSchema(option, { io: 'input' }) as unknown as Schema
  const fields = Object.entries(properties).flatMap(([name, { type: kind, description = '', minimum: least = 0, maximum: most = 999 }]) =>
    name === 'name' || name === 'type' || name === 'imported'
      ? []
      : [{ name, flag: FLAGS[name] ?? flagOf(name), kind, range: { least, most }, isRequired: required.includes(name), description }],
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
