import { createHmac, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { CommentRef, ForgeName, MergeRequestRef } from '../forges/forge.ts'

/** A webhook as it was stored: the payload alone, as CI has it in a file, or `{ "headers": …, "body": … }`. */
export interface StoredEvent {
  forge: ForgeName
  /** GitHub's `X-GitHub-Event`, GitLab's `X-Gitlab-Event`. */
  name: string
  payload: Record<string, unknown>
  repository: string
  title: string
  /** Login of whoever proposes the change. */
  author: string
  isDraft: boolean
  comment: { author: string; text: string } | undefined
}

const Stored = z.object({ headers: z.record(z.string(), z.string()), body: z.union([z.string(), z.record(z.string(), z.unknown())]) })
const Login = z.object({ login: z.string() })
const GithubPull = z.object({ title: z.string(), user: Login, draft: z.boolean().optional() })
const Github = z.object({
  repository: z.object({ full_name: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'The name of a repository is owner/name') }),
  pull_request: GithubPull.optional(),
  issue: GithubPull.optional(),
  comment: z.object({ body: z.string(), user: Login }).optional(),
  check_run: z.object({}).optional(),
  check_suite: z.object({}).optional(),
})
const Gitlab = z.object({
  object_kind: z.string(),
  user: z.object({ username: z.string() }),
  project: z.object({ path_with_namespace: z.string() }),
  object_attributes: z.object({ title: z.string().optional(), note: z.string().optional(), draft: z.boolean().optional() }),
  merge_request: z.object({ title: z.string(), draft: z.boolean().optional() }).optional(),
})

/** A UserError when it is no webhook about a merge request. */
export function readStoredEvent(text: string, path: string): StoredEvent {
  const json = parse(text, path)
  const stored = Stored.safeParse(json)
  const headers = stored.success ? lowerCase(stored.data.headers) : {}
  const body = stored.success ? stored.data.body : json
  const payload = (typeof body === 'string' ? parse(body, path) : body) as Record<string, unknown>
  if (payload !== null && typeof payload === 'object' && 'object_kind' in payload) return gitlabEvent(payload, headers, path)
  return githubEvent(payload, headers, path)
}

function githubEvent(payload: Record<string, unknown>, headers: Record<string, string>, path: string): StoredEvent {
  const { repository, pull_request, issue, comment, check_run, check_suite } = checked(Github, payload, path, 'GitHub')
  const request = pull_request ?? issue
  const name = comment
    ? pull_request
      ? 'pull_request_review_comment'
      : 'issue_comment'
    : check_run
      ? 'check_run'
      : check_suite
        ? 'check_suite'
        : 'pull_request'
  return {
    forge: 'github',
    name: headers['x-github-event'] ?? name,
    payload,
    repository: repository.full_name,
    title: request?.title ?? 'A change',
    author: request?.user.login ?? 'octocat',
    isDraft: request?.draft ?? false,
    comment: comment && { author: comment.user.login, text: comment.body },
  }
}

function gitlabEvent(payload: Record<string, unknown>, headers: Record<string, string>, path: string): StoredEvent {
  const { object_kind, user, project, object_attributes: about, merge_request } = checked(Gitlab, payload, path, 'GitLab')
  const name = object_kind === 'note' ? 'Note Hook' : 'Merge Request Hook'
  return {
    forge: 'gitlab',
    name: headers['x-gitlab-event'] ?? name,
    payload,
    repository: project.path_with_namespace,
    title: merge_request?.title ?? about.title ?? 'A change',
    author: user.username,
    isDraft: merge_request?.draft ?? about.draft ?? false,
    comment: object_kind === 'note' ? { author: user.username, text: about.note ?? '' } : undefined,
  }
}

/** The same webhook about a merge request of a stub forge: its numbers in place of those that were stored, and signed anew. */
export function redirected(
  event: StoredEvent,
  ref: MergeRequestRef,
  comment: CommentRef | undefined,
  secret: string,
): { path: string; headers: Record<string, string>; body: string } {
  const payload = structuredClone(event.payload) as Payload
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (event.forge === 'github') {
    set(payload.repository, { id: ref.repositoryId })
    if (ref.installation !== undefined) payload.installation = { ...payload.installation, id: ref.installation }
    if (payload.number !== undefined) payload.number = ref.number
    for (const request of [payload.pull_request, payload.issue]) set(request, { number: ref.number })
    for (const check of [payload.check_run, payload.check_suite, payload.check_run?.check_suite as Part]) {
      const [pull] = (check?.pull_requests as Part[] | undefined) ?? []
      set(pull, { number: ref.number })
    }
    if (comment) set(payload.comment, { id: comment.id, in_reply_to_id: undefined })
    const run = payload.check_run
    if (typeof run?.external_id === 'string') run.external_id = run.external_id.replace(/^(pgwitness:)\d+/, `$1${ref.number}`)
    // A thread of the stored change is not there: what was said in it is said under the change.
    const isInThread = event.name === 'pull_request_review_comment' && comment?.place === 'conversation'
    if (isInThread) payload.issue = { ...payload.pull_request, pull_request: {} }
    const body = JSON.stringify(payload)
    headers['x-github-event'] = isInThread ? 'issue_comment' : event.name
    headers['x-github-delivery'] = randomUUID()
    headers['x-hub-signature-256'] = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
    return { path: '/api/github/webhooks', headers, body }
  }
  set(payload.project, { id: ref.repositoryId })
  if (payload.project_id !== undefined) payload.project_id = ref.repositoryId
  if (event.comment) {
    set(payload.merge_request, { iid: ref.number })
    if (comment) set(payload.object_attributes, { id: comment.id, discussion_id: comment.thread ?? '', type: null })
  } else set(payload.object_attributes, { iid: ref.number })
  headers['x-gitlab-event'] = event.name
  headers['idempotency-key'] = randomUUID()
  headers['x-gitlab-token'] = secret
  return { path: '/api/gitlab/webhooks', headers, body: JSON.stringify(payload) }
}

type Part = Record<string, unknown> | undefined
type Payload = Record<string, Part> & { number?: unknown; project_id?: unknown }

function set(part: Part, values: Record<string, unknown>): void {
  if (part && typeof part === 'object') Object.assign(part, values)
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
}

function checked<T>(schema: z.ZodType<T>, payload: unknown, path: string, forge: string): T {
  const read = schema.safeParse(payload)
  if (!read.success) throw new UserError(`${path} is no webhook of ${forge} about a merge request:\n${z.prettifyError(read.error)}`)
  return read.data
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
