import { z } from 'zod'
import { ServiceError, UserError } from '../../errors.ts'
import { type Answer, type EngineAddress, readEngineUrl, SERVICE, sendRequest } from './request.ts'

const Status = z.object({ code: z.string(), message: z.string().default('') })

/** What is read of a clone. The password is never in it, the port is text, and host and port are empty until it is ready. */
const EngineClone = z.object({
  id: z.string(),
  protected: z.boolean().default(false),
  createdAt: z.string().nullish(),
  status: Status,
  db: z.object({ host: z.string().default(''), port: z.string().default(''), dbName: z.string().default('') }),
})
export type EngineClone = z.infer<typeof EngineClone>

const InstanceStatus = z.object({
  engine: z.object({ version: z.string().default('') }).prefault({}),
  cloning: z.object({ clones: z.array(EngineClone).nullish() }).prefault({}),
  provisioner: z.object({ dockerImage: z.string().default('') }).prefault({}),
})
export type InstanceStatus = z.infer<typeof InstanceStatus>

/** The body of POST /clone; `db_name` and `extra_conf` are spelled otherwise than in answers. */
interface NewClone {
  id: string
  protected?: boolean
  protectionDurationMinutes?: number
  snapshot?: { id: string }
  branch?: string
  db: { username: string; password: string; restricted: true; db_name?: string }
  extra_conf?: Record<string, string>
}

/** The REST API of DBLab Engine 3.4 to 4.x, as it behaves: a clone that is gone answers 404 or 500, reset and delete have empty bodies. */
export interface Engine {
  readonly url: URL
  status(signal: AbortSignal): Promise<InstanceStatus>
  create(clone: NewClone, signal: AbortSignal): Promise<EngineClone>
  /** Undefined when it is gone. */
  clone(id: string, signal: AbortSignal): Promise<EngineClone | undefined>
  reset(id: string, signal: AbortSignal): Promise<void>
  /** `gone` too when there was none. */
  remove(id: string, signal: AbortSignal): Promise<'accepted' | 'gone' | 'protected'>
  unprotect(id: string, signal: AbortSignal): Promise<void>
}

export function openEngine(address: EngineAddress): Engine {
  const url = readEngineUrl(address.url)
  const send = async (method: string, path: string, signal: AbortSignal, body?: object): Promise<Answer> => {
    return await sendRequest(url, address, { method, path, body }, signal)
  }
  return {
    url,
    status: async (signal) => read(InstanceStatus, expectOk(await send('GET', '/status', signal), url)),
    create: async (clone, signal) => read(EngineClone, expectOk(await send('POST', '/clone', signal, clone), url)),
    async clone(id, signal) {
      const answer = await send('GET', `/clone/${id}`, signal)
      return isGone(answer) ? undefined : read(EngineClone, expectOk(answer, url))
    },
    async reset(id, signal) {
      expectOk(await send('POST', `/clone/${id}/reset`, signal, {}), url)
    },
    async remove(id, signal) {
      const answer = await send('DELETE', `/clone/${id}`, signal)
      if (isGone(answer)) return 'gone'
      if (answer.code >= 400 && /is protected/i.test(messageOf(answer))) return 'protected'
      expectOk(answer, url)
      return 'accepted'
    },
    async unprotect(id, signal) {
      const answer = await send('PATCH', `/clone/${id}`, signal, { protected: false })
      if (!isGone(answer)) expectOk(answer, url)
    },
  }
}

/** What the engine says in its error, or the beginning of what a proxy said in its place. */
function messageOf({ text }: Answer): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return typeof message === 'string' ? message : text.slice(0, 200)
  } catch {
    return text
      .replace(/(?:<[^>]*>|\s)+/g, ' ')
      .trim()
      .slice(0, 200)
  }
}

/** Deleting, resetting or changing a clone that is gone answers 500. */
function isGone(answer: Answer): boolean {
  return (answer.code === 404 && isJson(answer)) || (answer.code === 500 && /clone not found/i.test(messageOf(answer)))
}

/** A proxy has 404 pages of its own. */
function isJson({ text }: Answer): boolean {
  return text.trimStart().startsWith('{')
}

function expectOk(answer: Answer, url: URL): string {
  if (answer.code >= 200 && answer.code < 300) return answer.text
  const said = messageOf(answer)
  if (answer.code === 401)
    throw new UserError(
      `DBLab Engine at ${url.host} does not accept the token: put its verificationToken into the variable that dblab.engines[].tokenVariable names (PGWITNESS_DBLAB_TOKEN).`,
    )
  if (answer.code === 400) throw new UserError(`DBLab Engine at ${url.host} refuses: ${said}`)
  throw new ServiceError(SERVICE, `${url.host} answers ${answer.code}: ${said || 'nothing'}`)
}

function read<Shape>(schema: z.ZodType<Shape>, text: string): Shape {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    throw new ServiceError(SERVICE, `it answers something that is not JSON: ${text.slice(0, 100)}`)
  }
  const result = schema.safeParse(data)
  if (!result.success) throw new ServiceError(SERVICE, `its answer has another shape than expected: ${z.prettifyError(result.error)}`)
  return result.data
}
