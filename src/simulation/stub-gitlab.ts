import { randomBytes } from 'node:crypto'
import type { CommentRef, MergeRequestRef } from '../forges/forge.ts'
import { answerRequest, type Token, type TokenState } from './gitlab/api.ts'
import { addReply, resolveNote } from './gitlab/discussions.ts'
import { FAULTS } from './gitlab/faults.ts'
import {
  ACCESS,
  type Instance,
  latestVersion,
  type MergeRequest,
  newDiscussion,
  newNote,
  type Project,
  type User,
  userOf,
} from './gitlab/instance.ts'
import { dropNote, findNote } from './gitlab/notes.ts'
import { refOf } from './gitlab/pipelines.ts'
import { projectAt, propose, pushTo } from './gitlab/proposals.ts'
import { errorBody } from './gitlab/refusal.ts'
import { showState } from './gitlab/show-state.ts'
import { type GitlabWebhookDetails, type GitlabWebhookKind, makeWebhook } from './gitlab/webhooks.ts'
import type { StubForge, StubWebhook } from './stub-forge.ts'
import { startStubServer } from './stub-server.ts'

export interface StubGitlab extends StubForge {
  readonly name: 'gitlab'
  /** Username of the token's user. */
  readonly bot: User
  readonly credentials: { token: string; webhookSecret: string; signingToken: string }
  /** Quick actions that GitLab carried out because they stood in our notes. */
  readonly quickActions: string[]
  webhook(kind: GitlabWebhookKind, ref: MergeRequestRef, details?: GitlabWebhookDetails): StubWebhook
  setToken(state: TokenState): void
  /** The role of anybody in the project, the bot too. docs.gitlab.com: 10 Guest, 20 Reporter, 30 Developer, 40 Maintainer. */
  setAccess(ref: MergeRequestRef, login: string, access: number): void
  setVisibility(ref: MergeRequestRef, visibility: Project['visibility']): void
  /** Its first version is still being made: no diff and no `diff_refs` yet. */
  setPreparing(ref: MergeRequestRef, isPreparing: boolean): void
  /** A pipeline of the head runs: of its branch, or of the merge request. Its id. */
  addPipeline(ref: MergeRequestRef, source: 'push' | 'merge_request_event'): number
  /** The fork it comes from is deleted. */
  deleteFork(ref: MergeRequestRef): void
  deleteMergeRequest(ref: MergeRequestRef): void
}

interface StubGitlabOptions {
  /** Username of the token's user; a service account. */
  bot?: string
  /** Its role in each new project. */
  botAccess?: number
}

/** A GitLab to try things on: API version 4, git over HTTP, webhooks. */
export async function startStubGitlab({ bot = 'pgwitness', botAccess = ACCESS.developer }: StubGitlabOptions = {}): Promise<StubGitlab> {
  const instance = newInstance(bot)
  const token: Token = { value: `glpat-${randomBytes(12).toString('hex')}`, state: 'valid' }
  const webhookSecret = randomBytes(16).toString('hex')
  const signingToken = `whsec_${randomBytes(32).toString('base64')}`
  const server = await startStubServer({
    answer: (request) => answerRequest(instance, token, request),
    errorBody,
    faults: FAULTS,
    onMistake: (text) => void instance.violations.push(`mistake of the stub: ${text}`),
  })
  instance.url = server.url
  return {
    name: 'gitlab',
    url: server.url,
    bot: instance.bot,
    credentials: { token: token.value, webhookSecret, signingToken },
    quickActions: instance.quickActions,
    requests: server.requests,
    violations: instance.violations,
    misbehave: server.misbehave,
    random: server.random,
    ...scenes(instance, botAccess),
    webhook: (kind, ref, details = {}) => makeWebhook(instance, { webhookSecret, signingToken }, kind, requestAt(instance, ref), details),
    setToken: (state) => {
      token.state = state
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await Promise.all(instance.projects.map(({ repository }) => repository[Symbol.asyncDispose]()))
    },
  }
}

function newInstance(username: string): Instance {
  // Ids of different tables look alike, as they do on a small instance.
  let lastId = 100
  const bot = { id: ++lastId, username, name: username, isBot: true }
  return {
    url: '',
    users: [bot],
    projects: [],
    bot,
    violations: [],
    quickActions: [],
    nextId: () => ++lastId,
    now: () => new Date().toISOString(),
  }
}

type Scenes = Pick<
  StubGitlab,
  | 'addMergeRequest'
  | 'push'
  | 'comment'
  | 'editComment'
  | 'deleteComment'
  | 'resolve'
  | 'hide'
  | 'setPermission'
  | 'state'
  | 'setAccess'
  | 'setVisibility'
  | 'setPreparing'
  | 'addPipeline'
  | 'deleteFork'
  | 'deleteMergeRequest'
>

/** What people do. */
function scenes(instance: Instance, botAccess: number): Scenes {
  const setAccess = (ref: MergeRequestRef, login: string, access: number) => {
    const { members } = requestAt(instance, ref).project
    if (access === 0) members.delete(userOf(instance, login).id)
    else members.set(userOf(instance, login).id, access)
  }
  return {
    async addMergeRequest(options) {
      const project = await projectAt(instance, options.repository, botAccess)
      const request = await propose(instance, project, options)
      const { head, base } = latestVersion(request)
      return { forge: 'gitlab', repository: project.path, repositoryId: project.id, number: request.iid, headSha: head, baseSha: base }
    },
    push: (ref, files, options) => pushTo(instance, requestAt(instance, ref), files, options),
    async comment(ref, author, text, inThread) {
      return addComment(instance, requestAt(instance, ref), userOf(instance, author), text, inThread)
    },
    editComment(ref, id, text) {
      Object.assign(find(requestAt(instance, ref), id).note, { body: text, updatedAt: instance.now() })
    },
    deleteComment(ref, id) {
      const { discussion, note } = find(requestAt(instance, ref), id)
      dropNote(requestAt(instance, ref), discussion, note)
    },
    resolve(ref, thread, by, isResolved = true) {
      const discussion = requestAt(instance, ref).discussions.find(({ id }) => id === thread)
      if (!discussion) throw new Error(`There is no thread ${thread}`)
      for (const note of discussion.notes) resolveNote({ instance, user: userOf(instance, by) }, note, isResolved)
    },
    hide: (ref, isHidden = true) => setAccess(ref, instance.bot.username, isHidden ? 0 : botAccess),
    setPermission: (ref, login, permission) =>
      setAccess(ref, login, { none: 0, read: ACCESS.reporter, write: ACCESS.developer }[permission]),
    state: (ref) => showState(requestAt(instance, ref)),
    setAccess,
    setVisibility(ref, visibility) {
      requestAt(instance, ref).project.visibility = visibility
    },
    setPreparing(ref, isPreparing) {
      requestAt(instance, ref).isPreparing = isPreparing
    },
    addPipeline(ref, source) {
      const request = requestAt(instance, ref)
      const isOfBranch = source === 'push'
      const pipelines = (isOfBranch ? (request.source ?? request.project) : request.project).pipelines
      const id = instance.nextId()
      const place = { sha: latestVersion(request).head, ref: isOfBranch ? request.sourceBranch : refOf(request) }
      pipelines.push({ ...place, id, source, createdAt: instance.now() })
      return id
    },
    deleteFork(ref) {
      requestAt(instance, ref).source = undefined
    },
    deleteMergeRequest(ref) {
      const { project } = requestAt(instance, ref)
      project.requests = project.requests.filter(({ iid }) => iid !== ref.number)
    },
  }
}

function requestAt({ projects }: Instance, ref: MergeRequestRef): MergeRequest {
  const request = projects.find(({ id }) => id === ref.repositoryId)?.requests.find(({ iid }) => iid === ref.number)
  if (!request) throw new Error(`There is no merge request ${ref.repository}!${ref.number}`)
  return request
}

function find(request: MergeRequest, id: number) {
  const found = findNote(request, id)
  if (!found) throw new Error(`There is no note ${id}`)
  return found
}

function addComment(instance: Instance, request: MergeRequest, author: User, text: string, inThread: string | undefined): CommentRef {
  let discussion = request.discussions.find(({ id }) => id === inThread)
  if (inThread !== undefined && !discussion) throw new Error(`There is no thread ${inThread}`)
  const note = discussion ? addReply(instance, author, discussion, text) : newNote(instance, author, text)
  if (!discussion) {
    discussion = newDiscussion(note.id, true, note)
    request.discussions.push(discussion)
  }
  return { id: note.id, place: note.type === 'DiffNote' ? 'thread' : 'conversation', thread: discussion.id }
}
