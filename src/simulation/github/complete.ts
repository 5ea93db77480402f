import { findSchema, fits, type Schema } from './description.ts'

/** What is not known of a field that the description demands. */
const UNSET = 'unset'

/**
 * An answer with every field that GitHub's description demands. Those that nobody here reads are filled with nulls and obvious placeholders; `strange`
 * gets the names of fields that the description does not have.
 */
export function complete(schema: Schema, value: unknown, strange: string[], name = ''): unknown {
  if (typeof schema.$ref === 'string') return complete(findSchema(schema.$ref), value, strange, name)
  if (Array.isArray(schema.allOf)) return completeAll(schema.allOf as Schema[], value, strange, name)
  const branches = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined
  if (branches) return completeOne(branches, value, strange, name)
  if (value === null) return null
  if (value === undefined) return placeholder(schema, strange, name)
  if (Array.isArray(value)) return value.map((item, index) => complete((schema.items ?? {}) as Schema, item, strange, `${name}[${index}]`))
  if (typeof value !== 'object' || !schema.properties) return value
  return completeObject(schema, value as Schema, strange, name)
}

function completeObject(schema: Schema, value: Schema, strange: string[], name: string): Schema {
  const properties = schema.properties as Record<string, Schema>
  const made: Schema = {}
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue
    if (!(key in properties) && !schema.additionalProperties) strange.push(`${name}.${key}`)
    made[key] = properties[key] ? complete(properties[key], field, strange, `${name}.${key}`) : field
  }
  for (const key of (schema.required as string[] | undefined) ?? []) {
    if (!(key in made)) made[key] = complete(properties[key] ?? {}, undefined, strange, `${name}.${key}`)
  }
  return made
}

/** A field is strange when no branch has it. */
function completeAll(branches: Schema[], value: unknown, strange: string[], name: string): unknown {
  let unknown: string[] | undefined
  let made = value
  for (const branch of branches) {
    const here: string[] = []
    made = complete(branch, made, here, name)
    unknown = unknown?.filter((field) => here.includes(field)) ?? here
  }
  strange.push(...(unknown ?? []))
  return made
}

function completeOne(branches: Schema[], value: unknown, strange: string[], name: string): unknown {
  const tries = branches.map((branch) => {
    const unknown: string[] = []
    const made = complete(branch, value, unknown, name)
    return { made, unknown, isFit: fits(branch, made) }
  })
  const best = tries.filter(({ isFit }) => isFit).sort((a, b) => a.unknown.length - b.unknown.length)[0]
  strange.push(...(best?.unknown ?? []))
  return best ? best.made : value
}

function placeholder(schema: Schema, strange: string[], name: string): unknown {
  const type = Array.isArray(schema.type) ? (schema.type.includes('null') ? 'null' : schema.type[0]) : schema.type
  if (type === 'null') return null
  if (Array.isArray(schema.enum)) return schema.enum[0]
  if (type === 'object') return completeObject({ properties: {}, ...schema }, {}, strange, name)
  if (type === 'array') return []
  if (type === 'integer' || type === 'number') return 0
  if (type === 'boolean') return false
  if (schema.format === 'date-time') return '2026-01-01T00:00:00Z'
  return schema.format === 'uri' ? 'https://unset.invalid/' : UNSET
}
