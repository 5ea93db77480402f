import { z } from 'zod'
import type { StubReply, StubRequest } from '../stub-server.ts'
import { accessOf, type Instance, type MergeRequest, type Project, type User } from './instance.ts'
import type { Parameters } from './parameters.ts'
import { notFound, Refusal } from './refusal.ts'

/** One request to one operation, its parameters read. */
export interface Call<Read = Parameters> {
  instance: Instance
  user: User
  request: StubRequest
  /** Parts of the path, decoded. */
  at: Record<string, string>
  params: Read
  /** Writes down that the request is outside the documented rules. */
  violate(text: string): void
}

export interface Route {
  method: string
  pattern: RegExp
  names: string[]
  answer(call: Call): Promise<StubReply>
}

/** What Grape reads from JSON and from forms alike. An empty field of a form is none. */
export const text = z.string()
export const integer = z
  .preprocess(
    (value) => (typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value === '' || value === null ? undefined : value),
    z.int().optional(),
  )
  .optional()
export const boolean = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean())

/** `/projects/:id/merge_requests/:iid`; `shape` has the documented parameters beside those of the path. */
export function route<Shape extends z.ZodRawShape>(
  method: string,
  path: string,
  shape: Shape,
  answer: (call: Call<z.infer<z.ZodObject<Shape>>>) => StubReply | Promise<StubReply>,
): Route {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string)
  const schema = z.strictObject(shape)
  return {
    method,
    names,
    pattern: new RegExp(`^${path.replace(/:\w+/g, '([^/]+)')}$`),
    async answer(call) {
      return await answer({ ...call, params: check(schema, call) as z.infer<z.ZodObject<Shape>> })
    },
  }
}

/** Grape passes over parameters it does not know: only we complain of them. */
function check(schema: z.ZodType, call: Call): unknown {
  const input = structuredClone(call.params)
  for (;;) {
    const result = schema.safeParse(input)
    if (result.success) return result.data
    const unknown = result.error.issues.filter((issue) => issue.code === 'unrecognized_keys')
    if (unknown.length === 0) {
      const error = result.error.issues.map((issue) => describe(issue, input)).join(', ')
      call.violate(error)
      throw new Refusal(400, { error })
    }
    for (const { path, keys } of unknown)
      for (const key of keys) {
        call.violate(`there is no parameter ${nameOf([...path, key])}`)
        delete (valueAt(input, path) as Parameters)[key]
      }
  }
}

function describe({ path }: z.core.$ZodIssue, input: Parameters): string {
  return `${nameOf(path)} is ${valueAt(input, path) === undefined ? 'missing' : 'invalid'}`
}

function nameOf(path: ReadonlyArray<PropertyKey>): string {
  return path.map((key, index) => (index === 0 ? String(key) : `[${String(key)}]`)).join('')
}

function valueAt(input: Parameters, path: ReadonlyArray<PropertyKey>): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], input)
}

/** By id or by path. What the token may not see is not there. */
export function projectOf({ instance, user, at }: Pick<Call, 'instance' | 'user' | 'at'>): Project {
  const project = instance.projects.find(({ id, path }) => String(id) === at.id || path === at.id)
  if (!project || (project.visibility === 'private' && accessOf(project, user) === 0)) throw notFound('Project')
  return project
}

export function requestOf(call: Pick<Call, 'instance' | 'user' | 'at'>, what?: string): MergeRequest {
  const request = projectOf(call).requests.find(({ iid }) => String(iid) === call.at.iid)
  if (!request) throw notFound(what)
  return request
}
