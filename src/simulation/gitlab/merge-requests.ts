import { presentDiff, readDiff } from './diff.ts'
import { latestVersion, type Pipeline } from './instance.ts'
import { PAGES, paginate } from './pagination.ts'
import { headPipeline, presentPipeline } from './pipelines.ts'
import { presentRequest, presentVersion } from './present.ts'
import { notFound } from './refusal.ts'
import { boolean, projectOf, requestOf, route, text } from './route.ts'

const ONE = '/projects/:id/merge_requests/:iid'
const SHOWN = {
  include_diverged_commits_count: boolean.optional(),
  include_rebase_in_progress: boolean.optional(),
  render_html: boolean.optional(),
}

/** docs.gitlab.com: api/merge_requests. */
export const MERGE_REQUESTS = [
  route(
    'GET',
    '/projects/:id/merge_requests',
    { ...PAGES, state: text.optional(), source_branch: text.optional(), order_by: text.optional(), sort: text.optional() },
    (call) => {
      const { state = 'all', source_branch: branch } = call.params
      const matching = projectOf(call).requests.filter(
        (one) => (state === 'all' || one.state === state) && (branch ?? one.sourceBranch) === one.sourceBranch,
      )
      return paginate(call, matching.toReversed(), (one) => presentRequest(call.instance, one))
    },
  ),
  route('GET', ONE, SHOWN, (call) => {
    const request = requestOf(call)
    const pipeline = headPipeline(request)
    const project = request.project.pipelines.includes(pipeline as Pipeline) ? request.project : request.source
    const head_pipeline = pipeline && project ? presentPipeline(pipeline, project) : null
    return { status: 200, body: { ...presentRequest(call.instance, request), head_pipeline, first_contribution: false, subscribed: false } }
  }),
  route('GET', `${ONE}/versions`, PAGES, (call) => {
    const request = requestOf(call)
    return paginate(call, request.isPreparing ? [] : request.versions.toReversed(), (version) => presentVersion(request, version))
  }),
  route('GET', `${ONE}/versions/:version`, { unidiff: boolean.optional() }, async (call) => {
    const request = requestOf(call)
    const version = request.versions.find(({ id }) => String(id) === call.at.version)
    if (!version) throw notFound()
    const diffs = await readDiff(request.project.repository, version.base, version.head)
    return { status: 200, body: { ...presentVersion(request, version), commits: [], diffs: diffs.map(presentDiff) } }
  }),
  route('GET', `${ONE}/diffs`, { ...PAGES, unidiff: boolean.optional() }, async (call) => {
    const request = requestOf(call)
    const { base, head } = latestVersion(request)
    if (call.params.unidiff) call.violate('the stub has no unidiff')
    return paginate(call, request.isPreparing ? [] : await readDiff(request.project.repository, base, head), presentDiff)
  }),
]
