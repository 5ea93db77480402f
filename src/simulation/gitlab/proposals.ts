import { type Files, makeRepository } from '../repository.ts'
import type { NewMergeRequest } from '../stub-forge.ts'
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
  type Version,
} from './instance.ts'
import { refOf } from './pipelines.ts'
import { tracePositions } from './tracing.ts'

/** The project of this path; made, private and with the bot as a member, when there is none. */
export async function projectAt(instance: Instance, path: string, botAccess: number = ACCESS.developer): Promise<Project> {
  const known = instance.projects.find((project) => project.path === path)
  if (known) return known
  const project = await newProject(instance, path)
  if (botAccess > 0) project.members.set(instance.bot.id, botAccess)
  return project
}

async function newProject(instance: Instance, path: string, forkOf?: Project): Promise<Project> {
  const project: Project = {
    id: instance.nextId(),
    path,
    visibility: 'private',
    forkOf: forkOf?.id,
    repository: await makeRepository(),
    members: new Map(),
    requests: [],
    pipelines: [],
    statuses: [],
  }
  instance.projects.push(project)
  return project
}

/** The first merge request of a project goes to `main`, each other to a branch of its own: they have different bases. */
export async function propose(instance: Instance, project: Project, options: NewMergeRequest): Promise<MergeRequest> {
  const { base, head, target, title = 'Change the schema', author: username = 'octocat', fork = false, draft = false } = options
  const iid = project.requests.length + 1
  const targetBranch = iid === 1 ? 'main' : `main-${iid}`
  const sourceBranch = `feature-${iid}`
  const author = userOf(instance, username)
  const from = await project.repository.commit(`refs/heads/${targetBranch}`, base, { message: 'Base' })
  const source = fork ? await forkOf(instance, project, author) : project
  if (fork) await source.repository.git(['fetch', '--quiet', project.repository.folder, `${from}:refs/heads/${targetBranch}`])
  else if (!project.members.has(author.id)) project.members.set(author.id, ACCESS.developer)
  const request: MergeRequest = {
    id: instance.nextId(),
    iid,
    project,
    source,
    sourceBranch,
    targetBranch,
    title,
    isDraft: draft,
    state: 'opened',
    author,
    createdAt: instance.now(),
    versions: [],
    isPreparing: false,
    discussions: [],
    draftNotes: [],
    awards: [],
  }
  const proposed = await source.repository.commit(`refs/heads/${sourceBranch}`, head, { parent: from, message: title })
  const start = target
    ? await project.repository.commit(`refs/heads/${targetBranch}`, target, { parent: from, message: 'Meanwhile' })
    : from
  project.requests.push(request)
  await addVersion(instance, request, { base: from, start, head: proposed, commit: { message: title, author } })
  return request
}

/** A project of the author's own, private: the bot is no member. */
async function forkOf(instance: Instance, project: Project, author: User): Promise<Project> {
  const path = `${author.username}/${project.path.split('/').at(-1)}`
  const known = instance.projects.find((one) => one.path === path)
  if (known) return known
  const fork = await newProject(instance, path, project)
  fork.members.set(author.id, ACCESS.owner)
  return fork
}

/** A new commit on the source branch. Its id. */
export async function pushTo(
  instance: Instance,
  request: MergeRequest,
  files: Files,
  { force = false, by = request.author }: { force?: boolean; by?: User } = {},
): Promise<string> {
  if (!request.source) throw new Error('The fork of this merge request is gone')
  const { repository } = request.source
  const ref = `refs/heads/${request.sourceBranch}`
  const before = latestVersion(request)
  const message = force ? `Change again ${instance.nextId()}` : 'Change more'
  let head = await repository.commit(ref, files, { parent: before.head, message })
  if (force) {
    const who = ['-c', 'user.name=Octo Cat', '-c', 'user.email=octocat@example.com']
    head = await repository.text(...who, 'commit-tree', `${head}^{tree}`, '-p', `${before.head}^`, '-m', message)
    await repository.setRef(ref, head)
  }
  await addVersion(instance, request, { base: before.base, start: before.start, head, commit: { message, author: by } })
  const note = newNote(instance, by, 'added 1 commit\n\n<ul><li>1 commit</li></ul>', { isSystem: true })
  request.discussions.push(newDiscussion(note.id, true, note))
  await tracePositions(request, before, latestVersion(request))
  return head
}

/** Makes the head known to the target project, also that of a fork. GitLab keeps old heads, so that their diffs can still be shown. */
async function addVersion(
  instance: Instance,
  request: MergeRequest,
  version: Pick<Version, 'base' | 'start' | 'head' | 'commit'>,
): Promise<void> {
  const { project, source, sourceBranch } = request
  const { repository } = project
  const { base, head } = version
  if (source && source !== project)
    await repository.git(['fetch', '--quiet', '--no-tags', source.repository.folder, `refs/heads/${sourceBranch}`])
  const refs = [refOf(request), `refs/keep-around/${head}`]
  await repository.git(['update-ref', '--stdin'], Buffer.from(refs.map((ref) => `update ${ref} ${head}\n`).join('')))
  const files = (await repository.text('diff-tree', '-r', '-M', '--name-only', base, head)).split('\n').filter(Boolean).length
  request.versions.push({ ...version, id: instance.nextId(), files, createdAt: instance.now() })
}
