/**
 * Writes src/simulation/github/openapi.json: of GitHub's published description the operations that a review needs, with the schemas they name.
 * The package is 385 MB unpacked, so it is no dependency:
 *
 *     npm install --prefix /tmp/openapi @octokit/openapi@23.0.2
 *     node docs/github-openapi.ts /tmp/openapi/node_modules/@octokit/openapi && npm run fix
 *
 * Left out: words, examples, links, defaults, answers that are not JSON. OpenAPI 3.0's `nullable` is said as JSON Schema does.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const OPERATIONS = [
  'apps/create-installation-access-token',
  'apps/get-authenticated',
  'apps/get-installation',
  'apps/get-repo-installation',
  'apps/list-installations',
  'apps/list-repos-accessible-to-installation',
  'checks/create',
  'checks/get',
  'checks/list-annotations',
  'checks/list-for-ref',
  'checks/update',
  'git/get-blob',
  'git/get-commit',
  'git/get-ref',
  'git/get-tree',
  'issues/create-comment',
  'issues/delete-comment',
  'issues/get-comment',
  'issues/list-comments',
  'issues/update-comment',
  'pulls/create-reply-for-review-comment',
  'pulls/create-review',
  'pulls/create-review-comment',
  'pulls/delete-review-comment',
  'pulls/get',
  'pulls/get-review-comment',
  'pulls/list',
  'pulls/list-files',
  'pulls/list-review-comments',
  'pulls/list-reviews',
  'pulls/update-review-comment',
  'rate-limit/get',
  'reactions/create-for-issue',
  'reactions/create-for-issue-comment',
  'reactions/create-for-pull-request-review-comment',
  'reactions/list-for-issue',
  'reactions/list-for-issue-comment',
  'reactions/list-for-pull-request-review-comment',
  'repos/compare-commits-with-basehead',
  'repos/create-commit-status',
  'repos/get',
  'repos/get-collaborator-permission-level',
  'repos/get-commit',
  'repos/get-content',
  'repos/list-commit-statuses-for-ref',
  'repos/list-pull-requests-associated-with-commit',
  'users/get-authenticated',
  'users/get-by-username',
]

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Fields = Record<string, Json>

const WORDS = new Set([
  'description',
  'summary',
  'example',
  'examples',
  'externalDocs',
  'title',
  'default',
  'deprecated',
  'readOnly',
  'operationId',
])
const FORMATS = new Set(['date-time', 'uri', 'email', 'date'])

const folder = process.argv[2]
if (!folder) throw new Error('Say where @octokit/openapi is: node docs/github-openapi.ts node_modules/@octokit/openapi')
const version = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
const description = JSON.parse(readFileSync(join(folder, 'generated/api.github.com.json'), 'utf8'))

const schemas: Fields = {}
const operations: Fields = {}
for (const [path, methods] of Object.entries<Fields>(description.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const { operationId, parameters = [], requestBody, responses } = operation as Fields
    if (!OPERATIONS.includes(operationId as string)) continue
    operations[operationId as string] = {
      method: method.toUpperCase(),
      path,
      parameters: (parameters as Fields[]).map(resolve).map(({ name, in: place, required, schema, ...rest }) => ({
        name: name as Json,
        in: place as Json,
        ...(required ? { required } : {}),
        ...(rest['x-multi-segment'] ? { isMultiSegment: true } : {}),
        schema: convert(schema as Json),
      })),
      ...(requestBody ? { body: { required: (requestBody as Fields).required === true, schema: jsonSchema(requestBody as Fields) as Json } } : {}),
      responses: Object.fromEntries(
        Object.entries(responses as Fields).map(([status, response]) => [status, jsonSchema(resolve(response as Fields)) ?? null]),
      ),
    }
  }
}
// What GitHub is known to answer against its own description: comments on lines that were changed since have no line.
for (const name of ['line', 'position']) {
  const properties = (schemas['pull-request-review-comment'] as Fields).properties as Record<string, Fields>
  if (properties[name]?.type === 'integer') properties[name] = { type: ['integer', 'null'] }
}
const missing = OPERATIONS.filter((id) => !operations[id])
if (missing.length > 0) throw new Error(`Not in the description: ${missing.join(', ')}`)
const source = `@octokit/openapi ${version}, api.github.com; written by docs/github-openapi.ts`
const sorted = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync('src/simulation/github/openapi.json', `${JSON.stringify({ source, operations: sorted(operations), schemas: sorted(schemas) })}\n`)

function resolve(node: Fields): Fields {
  if (typeof node.$ref !== 'string') return node
  return node.$ref.split('/').slice(1).reduce((part, name) => part[name], description)
}

function jsonSchema(holder: Fields): Json | undefined {
  const content = (holder.content ?? {}) as Record<string, Fields>
  const schema = content['application/json']?.schema
  return schema === undefined ? undefined : convert(schema)
}

/** A schema for JSON Schema's readers; those it names are added to `schemas`. */
function convert(node: Json, isMap = false): Json {
  if (Array.isArray(node)) return node.map((item) => convert(item))
  if (node === null || typeof node !== 'object') return node
  if (typeof node.$ref === 'string') {
    const name = node.$ref.replace('#/components/schemas/', '')
    if (!(name in schemas)) {
      schemas[name] = null
      schemas[name] = convert(description.components.schemas[name])
    }
    return { $ref: `github#/schemas/${name}` }
  }
  const made: Fields = {}
  for (const [key, value] of Object.entries(node)) {
    // Names of properties may be any word.
    if (isMap) made[key] = convert(value)
    else if (WORDS.has(key) || key.startsWith('x-') || key === 'nullable') continue
    else if (key === 'format' && !FORMATS.has(value as string)) continue
    else made[key] = key === 'enum' || key === 'required' ? value : convert(value, key === 'properties')
  }
  return !isMap && node.nullable === true ? orNull(made) : made
}

function orNull(schema: Fields): Fields {
  if (typeof schema.type !== 'string') return { anyOf: [schema, { type: 'null' }] }
  return { ...schema, type: [schema.type, 'null'], ...(Array.isArray(schema.enum) ? { enum: [...schema.enum, null] } : {}) }
}
