import { authorOf, type Body, type Call, countedPage, type Operations, page, repositoryOf } from '../call.ts'
import { invalid, notFound, Refusal } from '../refusal.ts'
import type { CheckRun, StubRepository } from '../state.ts'

const MAX_MESSAGE_BYTES = 64 * 1024
const MAX_TITLE = 255
const MAX_DESCRIPTION = 140

/** Check runs, which only apps have, and commit statuses. */
export const CHECKS: Operations = {
  'checks/create': async (call) => {
    const repository = repositoryOf(call)
    demandApp(call)
    const sha = await commitOf(repository, call.body.head_sha)
    const run: CheckRun = {
      id: call.state.nextId(),
      repository,
      name: call.body.name,
      sha,
      externalId: '',
      detailsUrl: undefined,
      status: 'queued',
      conclusion: null,
      startedAt: call.state.now(),
      completedAt: null,
      title: null,
      summary: null,
      text: null,
      annotations: [],
      isOfApp: authorOf(call).isOfApp,
    }
    change(call, run)
    call.state.checkRuns.push(run)
    return { status: 201, body: call.shapes.checkRun(run) }
  },
  'checks/update': (call) => {
    const run = runOf(call)
    demandApp(call)
    if (run.isOfApp !== authorOf(call).isOfApp)
      throw new Refusal(403, `Invalid app_id \`${call.app.id}\` - check run can only be modified by the GitHub App that created it.`)
    change(call, run)
    return { status: 200, body: call.shapes.checkRun(run) }
  },
  'checks/get': (call) => ({ status: 200, body: call.shapes.checkRun(runOf(call)) }),
  'checks/list-annotations': (call) =>
    page(call, runOf(call).annotations, (annotation) => ({ blob_href: `${call.url}/blob`, ...annotation })),
  'checks/list-for-ref': async (call) => {
    const repository = repositoryOf(call)
    const sha = await commitOf(repository, call.path.ref as string)
    const { query, state, app } = call
    let runs = state.checkRuns.filter((run) => run.repository === repository && run.sha === sha).reverse()
    if (query.has('check_name')) runs = runs.filter(({ name }) => name === query.get('check_name'))
    if (query.has('status')) runs = runs.filter(({ status }) => status === query.get('status'))
    if (query.has('app_id')) runs = runs.filter(({ isOfApp }) => isOfApp === (query.get('app_id') === String(app.id)))
    if (query.get('filter') !== 'all')
      runs = runs.filter((run, index) => runs.findIndex((other) => other.name === run.name && other.isOfApp === run.isOfApp) === index)
    return countedPage(call, 'check_runs', runs, call.shapes.checkRun)
  },
  'repos/create-commit-status': async (call) => {
    const repository = repositoryOf(call)
    const { state, context = 'default', description = null, target_url: targetUrl = null } = call.body
    const sha = await commitOf(repository, call.path.sha as string)
    if ((description?.length ?? 0) > MAX_DESCRIPTION)
      throw invalid('Status', 'description', `description is too long (maximum is ${MAX_DESCRIPTION} characters)`)
    const { author: creator } = authorOf(call)
    const status = {
      id: call.state.nextId(),
      repository,
      sha,
      state,
      context,
      description,
      targetUrl,
      creator,
      createdAt: call.state.now(),
    }
    call.state.statuses.push(status)
    return { status: 201, body: call.shapes.status(status) }
  },
  'repos/list-commit-statuses-for-ref': async (call) => {
    const repository = repositoryOf(call)
    const sha = await commitOf(repository, call.path.ref as string)
    const statuses = call.state.statuses.filter((status) => status.repository === repository && status.sha === sha).reverse()
    return page(call, statuses, call.shapes.status)
  },
}

function demandApp({ actor }: Call): void {
  if (actor?.kind !== 'installation') throw new Refusal(403, 'You must authenticate via a GitHub App.')
}

function runOf(call: Call): CheckRun {
  const repository = repositoryOf(call)
  const found = call.state.checkRuns.find(({ id, repository: own }) => id === Number(call.path.check_run_id) && own === repository)
  if (!found) throw notFound()
  return found
}

async function commitOf(repository: StubRepository, ref: string): Promise<string> {
  try {
    return await repository.git.text('rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`)
  } catch {
    throw new Refusal(422, `No commit found for SHA: ${ref}`)
  }
}

/** Annotations are added to those that are there; all else replaces. */
function change({ body, state }: Call, run: CheckRun): void {
  const annotations: Body[] = body.output?.annotations ?? []
  for (const annotation of annotations) checkAnnotation(annotation)
  run.name = body.name ?? run.name
  run.externalId = body.external_id ?? run.externalId
  run.detailsUrl = body.details_url ?? run.detailsUrl
  run.startedAt = body.started_at ?? run.startedAt
  run.status = body.conclusion ? 'completed' : (body.status ?? run.status)
  if (body.status === 'completed' && !body.conclusion && run.conclusion === null)
    throw invalid('CheckRun', 'conclusion', 'conclusion is required when the status is completed')
  if (run.status !== 'completed') Object.assign(run, { conclusion: null, completedAt: null })
  if (body.conclusion) Object.assign(run, { conclusion: body.conclusion, completedAt: body.completed_at ?? state.now() })
  run.title = body.output?.title ?? run.title
  run.summary = body.output?.summary ?? run.summary
  run.text = body.output?.text ?? run.text
  run.annotations.push(...annotations)
}

function checkAnnotation({ start_line: first, end_line: last, start_column, end_column, message, title, path }: Body): void {
  if (first < 1 || last < first) throw invalid('CheckAnnotation', 'end_line', `end_line must not be before start_line (${path})`)
  if (first !== last && (start_column ?? end_column) !== undefined)
    throw invalid('CheckAnnotation', 'start_column', 'start_column and end_column can only be set when start_line and end_line are equal')
  if (message === '') throw invalid('CheckAnnotation', 'message', "message can't be blank")
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) throw invalid('CheckAnnotation', 'message', 'message is too long (maximum is 64 KB)')
  if ((title?.length ?? 0) > MAX_TITLE) throw invalid('CheckAnnotation', 'title', `title is too long (maximum is ${MAX_TITLE} characters)`)
}
