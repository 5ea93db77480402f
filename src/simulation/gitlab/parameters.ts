import type { StubRequest } from '../stub-server.ts'
import { Refusal } from './refusal.ts'

export interface Parameters {
  [name: string]: unknown
}

/**
 * Query and body together, as Rack gives them to the API: forms, multipart included, nest by their names (`position[line_range][start][type]`, `refs[]`),
 * JSON does not.
 */
export async function readParameters(request: StubRequest): Promise<Parameters> {
  const read = { ...nest(request.query), ...(await readBody(request)) }
  if (isMalformed(read)) throw new Refusal(400, 'Bad Request')
  return read
}

/** GitLab takes no text with a zero byte, nor one that is no Unicode. lib/gitlab/middleware/handle_malformed_strings.rb. */
function isMalformed(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed()
  return typeof value === 'object' && value !== null && Object.values(value).some(isMalformed)
}

async function readBody({ method, headers, body }: StubRequest): Promise<Parameters> {
  if (method === 'GET' || method === 'HEAD' || body.length === 0) return {}
  const type = headers['content-type'] ?? ''
  if (type.startsWith('application/json')) return readJson(body)
  if (!/^(multipart\/form-data|application\/x-www-form-urlencoded)/.test(type))
    throw new Refusal(415, { error: `The provided content-type '${type}' is not supported.` })
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
    return nest([...form].map(([name, value]) => [name, typeof value === 'string' ? value : '(file)'] as const))
  } catch {
    throw new Refusal(400, { error: 'The form in the request body is not right' })
  }
}

function readJson(body: Buffer): Parameters {
  try {
    const value: unknown = JSON.parse(body.toString())
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Parameters
  } catch {}
  throw new Refusal(400, { error: 'The JSON in the request body is not right' })
}

/** `a[b][c]` is a path; a path that ends in `[]` collects. */
function nest(pairs: Iterable<readonly [string, string]>): Parameters {
  const root: Parameters = {}
  for (const [name, value] of pairs) {
    const keys = [name.split('[')[0] as string, ...[...name.matchAll(/\[([^\]]*)\]/g)].map(([, key]) => key as string)]
    const collects = keys.at(-1) === '' && keys.length > 1
    if (collects) keys.pop()
    const last = keys.pop() as string
    const place = keys.reduce<Parameters>((at, key) => {
      at[key] = typeof at[key] === 'object' && at[key] !== null ? at[key] : Object.create(null)
      return at[key] as Parameters
    }, root)
    place[last] = collects ? [...((place[last] as unknown[] | undefined) ?? []), value] : value
  }
  return root
}
