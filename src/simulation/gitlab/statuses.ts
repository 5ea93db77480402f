import { z } from 'zod'
import { ACCESS, accessOf, type CommitStatus, type Pipeline, type Project, STATUS_STATES } from './instance.ts'
import { PAGES, paginate } from './pagination.ts'
import { pipelineFor } from './pipelines.ts'
import { presentStatus } from './present.ts'
import { forbidden, notFound, Refusal } from './refusal.ts'
import { boolean, type Call, integer, projectOf, route, text } from './route.ts'

const MAX_LENGTH = 255
const FIELDS = {
  state: z.enum(STATUS_STATES),
  ref: text.optional(),
  name: text.optional(),
  context: text.optional(),
  target_url: text.optional(),
  description: text.optional(),
  coverage: z.coerce.number().optional(),
  pipeline_id: integer,
}

/** docs.gitlab.com: api/commits, commit status. */
export const STATUSES = [
  route('POST', '/projects/:id/statuses/:sha', FIELDS, async (call) => {
    const project = projectOf(call)
    if (accessOf(project, call.user) < ACCESS.developer) throw forbidden()
    const sha = await findCommit(project, call.at.sha as string)
    checkLengths(call, call.params)
    const { ref, pipeline_id: id, name = call.params.context ?? 'default' } = call.params
    const known = pipelineFor(project, sha, { ref, id })
    if (id !== undefined && !known) throw notFound('Pipeline for pipeline_id, sha and ref')
    const status = openStatus(call, project, known ?? (await newPipeline(call, project, sha, ref)), name)
    status.state = nextState(status.state, call.params.state)
    status.description = call.params.description ?? status.description
    status.targetUrl = call.params.target_url ?? status.targetUrl
    if (!project.statuses.includes(status)) project.statuses.push(status)
    if (!project.pipelines.includes(status.pipeline)) project.pipelines.push(status.pipeline)
    return { status: 201, body: presentStatus(call.instance, status) }
  }),
  route(
    'GET',
    '/projects/:id/repository/commits/:sha/statuses',
    {
      ...PAGES,
      ref: text.optional(),
      name: text.optional(),
      stage: text.optional(),
      all: boolean.optional(),
      sort: text.optional(),
      order_by: text.optional(),
      pipeline_id: integer,
    },
    async (call) => {
      const project = projectOf(call)
      const sha = await findCommit(project, call.at.sha as string)
      const { ref, name, pipeline_id: id, all = false } = call.params
      const isWanted = ({ pipeline }: CommitStatus) =>
        pipeline.sha === sha && (ref ?? pipeline.ref) === pipeline.ref && (id ?? pipeline.id) === pipeline.id
      const matching = project.statuses.filter((one) => isWanted(one) && (name ?? one.name) === one.name)
      return paginate(call, all ? matching : latestOf(matching), (status) => presentStatus(call.instance, status))
    },
  ),
]

/** Of several with the same name in a pipeline, the newest counts. */
export function latestOf(statuses: readonly CommitStatus[]): CommitStatus[] {
  return statuses.filter((one, index) => !statuses.slice(index + 1).some((later) => isSame(one, later)))
}

function isSame(one: CommitStatus, other: CommitStatus): boolean {
  return one.pipeline === other.pipeline && one.name === other.name
}

async function findCommit({ repository, requests }: Project, sha: string): Promise<string> {
  if (requests.some(({ versions }) => versions.some(({ head }) => head === sha))) return sha
  try {
    return await repository.text('rev-parse', '--verify', '--quiet', '--end-of-options', `${sha}^{commit}`)
  } catch {
    throw notFound('Commit')
  }
}

async function branchWith({ repository }: Project, sha: string): Promise<string | undefined> {
  const branches = await repository.text('branch', '--contains', sha, '--format=%(refname:short)')
  return branches.split('\n')[0] || undefined
}

/** A commit that no branch has, as that of a fork, needs to be told its ref. */
async function newPipeline(
  { instance }: Pick<Call, 'instance'>,
  project: Project,
  sha: string,
  told: string | undefined,
): Promise<Pipeline> {
  const ref = told ?? (await branchWith(project, sha))
  if (ref === undefined) throw notFound('References for commit')
  return { id: instance.nextId(), sha, ref, source: 'external', createdAt: instance.now() }
}

/** One that still runs goes on; after its end there is a new one of the same name. app/services/ci/create_commit_status_service.rb. */
function openStatus({ instance, user }: Pick<Call, 'instance' | 'user'>, project: Project, pipeline: Pipeline, name: string): CommitStatus {
  const wanted: CommitStatus = {
    id: instance.nextId(),
    pipeline,
    name,
    state: 'created',
    description: null,
    targetUrl: null,
    user,
    createdAt: instance.now(),
  }
  const isOpen = ({ state }: CommitStatus) => state === 'pending' || state === 'running'
  return project.statuses.find((one) => isSame(one, wanted) && isOpen(one) && one.user === user) ?? wanted
}

function nextState(from: CommitStatus['state'], to: (typeof STATUS_STATES)[number]): CommitStatus['state'] {
  if (to === 'pending' && from !== 'created') throw noTransition('enqueue', from)
  if (to === 'running' && from === 'running') throw noTransition('run', from)
  return to
}

function noTransition(event: string, from: string): Refusal {
  const reason = `Status cannot transition via "${event}"`
  return new Refusal(400, { message: `Cannot transition status via :${event} from :${from} (Reason(s): ${reason})` })
}

function checkLengths(
  call: Pick<Call, 'violate'>,
  fields: { name?: string | undefined; description?: string | undefined; target_url?: string | undefined },
): void {
  for (const field of ['name', 'description', 'target_url'] as const)
    if ([...(fields[field] ?? '')].length > MAX_LENGTH) {
      call.violate(`${field} is at most ${MAX_LENGTH} characters`)
      throw new Refusal(400, { message: { [field]: [`is too long (maximum is ${MAX_LENGTH} characters)`] } })
    }
}
