import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import document from './openapi.json' with { type: 'json' }

export type OperationId = keyof typeof document.operations

interface Parameter {
  name: string
  in: string
  required?: boolean
  isMultiSegment?: boolean
  schema: Schema
}

export type Schema = Record<string, unknown>

interface Operation {
  method: string
  path: string
  parameters: Parameter[]
  body?: { required: boolean; schema?: Schema }
  responses: Record<string, Schema | null>
}

interface Route {
  id: OperationId
  pattern: RegExp
  names: string[]
  /** Words of the path that are no parameters: the more, the better the match. */
  literals: number
}

const OPERATIONS = document.operations as unknown as Record<OperationId, Operation>
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true, coerceTypes: false })
formats.default(ajv)
ajv.addSchema(document as unknown as Schema, 'github')
const compiled = new Map<string, ValidateFunction>()
const routes = (Object.keys(OPERATIONS) as OperationId[]).map(routeOf).sort((a, b) => b.literals - a.literals)

/** The operation a request is meant for, and the parts of its path, decoded. */
export function findOperation(method: string, path: string): { id: OperationId; path: Record<string, string> } | undefined {
  for (const { id, pattern, names } of routes) {
    if (OPERATIONS[id].method !== method) continue
    const match = pattern.exec(path)
    if (match) return { id, path: Object.fromEntries(names.map((name, index) => [name, decode(match[index + 1] as string)])) }
  }
  return undefined
}

/** What GitHub's description says against a request: a parameter or field it does not know, a value that does not fit. */
export function faultsOfRequest(id: OperationId, path: Record<string, string>, query: URLSearchParams, body: unknown): string[] {
  const { parameters, body: described } = OPERATIONS[id]
  const faults: string[] = []
  for (const parameter of parameters) {
    const text = parameter.in === 'path' ? path[parameter.name] : (query.get(parameter.name) ?? undefined)
    if (text === undefined && parameter.required) faults.push(`${parameter.name} is missing`)
    if (text !== undefined)
      faults.push(...faultsOf(`${id} ${parameter.name}`, parameter.schema, readText(text, parameter.schema), parameter.name))
  }
  for (const name of query.keys()) {
    if (!parameters.some((parameter) => parameter.in === 'query' && parameter.name === name)) faults.push(`?${name} is no parameter`)
  }
  if (body === undefined) return described?.required ? [...faults, 'the body is missing'] : faults
  // An empty object is what clients send for nothing.
  if (described?.schema === undefined) return Object.keys(body as object).length > 0 ? [...faults, 'there is a body'] : faults
  return [...faults, ...faultsOf(`${id} body`, () => closed(described.schema) as Schema, body, 'body')]
}

/** What the description says against an answer of ours. */
export function faultsOfReply(id: OperationId, status: number, body: unknown): string[] {
  const schema = OPERATIONS[id].responses[status]
  if (schema === undefined) return status < 300 ? [`${status} is no answer to ${id}`] : []
  if (schema === null) return body === undefined ? [] : ['the answer has a body']
  return faultsOf(`${id} ${status}`, schema, body, 'answer')
}

export function schemaOfReply(id: OperationId, status: number): Schema | undefined {
  return OPERATIONS[id].responses[status] ?? undefined
}

export function findSchema(ref: string): Schema {
  return (document.schemas as unknown as Record<string, Schema>)[ref.replace('github#/schemas/', '')] as Schema
}

/** Whether a value fits one branch of a schema. */
export function fits(schema: Schema, value: unknown): boolean {
  // Compiled once for each schema.
  return ajv.compile(schema)(value)
}

function faultsOf(key: string, schema: Schema | (() => Schema), value: unknown, name: string): string[] {
  const validate = compiled.get(key) ?? ajv.compile(typeof schema === 'function' ? schema() : schema)
  compiled.set(key, validate)
  if (validate(value)) return []
  return (validate.errors ?? []).slice(0, 5).map((error) => `${name}${error.instancePath} ${wordsOf(error)}`)
}

function wordsOf({ message, params, keyword }: ErrorObject): string {
  if (keyword === 'additionalProperties') return `has no field ${params.additionalProperty}`
  return keyword === 'enum' ? `${message}: ${params.allowedValues.join(', ')}` : (message ?? keyword)
}

/** GitHub ignores fields it does not know; a request that has one is a mistake all the same. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (schema === null || typeof schema !== 'object') return schema
  const made: Schema = {}
  for (const [key, value] of Object.entries(schema)) {
    made[key] = key === 'properties' ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, closed(one)])) : closed(value)
  }
  // What is said in branches has its fields beside them.
  const { anyOf, oneOf, allOf, ...plain } = made
  return made.properties && !('additionalProperties' in made) && !oneOf && !allOf
    ? { ...plain, ...(anyOf ? { anyOf: open(anyOf) } : {}), additionalProperties: false }
    : made
}

function open(branches: unknown): unknown {
  return (branches as Schema[]).map(({ additionalProperties: _closed, ...branch }) => branch)
}

function readText(text: string, { type }: Schema): unknown {
  if (type === 'integer' || type === 'number') return /^-?\d+$/.test(text) ? Number(text) : text
  return type === 'boolean' && /^(true|false)$/.test(text) ? text === 'true' : text
}

function routeOf(id: OperationId): Route {
  const { path, parameters } = OPERATIONS[id]
  const names: string[] = []
  const pattern = path.replace(/\{(\w+)\}/g, (_all, name: string) => {
    names.push(name)
    return parameters.find((parameter) => parameter.name === name)?.isMultiSegment ? '(.+)' : '([^/]+)'
  })
  return { id, pattern: new RegExp(`^${pattern}$`), names, literals: path.split('/').filter((part) => !part.startsWith('{')).length }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
