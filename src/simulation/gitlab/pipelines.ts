import { latestVersion, type MergeRequest, type Pipeline, type Project } from './instance.ts'

/** What a status of a commit is added to: the newest pipeline of the commit, of this ref when one is told. */
export function pipelineFor(
  { pipelines }: Project,
  sha: string,
  { ref, id }: { ref?: string | undefined; id?: number | undefined },
): Pipeline | undefined {
  return pipelines.findLast((one) => one.sha === sha && (ref ?? one.ref) === one.ref && (id ?? one.id) === one.id)
}

/** The pipeline a person sees in the merge request: of the source branch, or one made for merge requests. app/finders/ci/pipelines_for_merge_request_finder.rb. */
export function headPipeline(request: MergeRequest): Pipeline | undefined {
  const { head } = latestVersion(request)
  const ofBranch = request.source?.pipelines.filter(({ ref }) => ref === request.sourceBranch) ?? []
  const ofRequest = request.project.pipelines.filter(({ source, ref }) => source === 'merge_request_event' && ref === refOf(request))
  return [...ofBranch, ...ofRequest].filter(({ sha }) => sha === head).sort((a, b) => b.id - a.id)[0]
}

export function refOf({ iid }: MergeRequest): string {
  return `refs/merge-requests/${iid}/head`
}

export function presentPipeline(pipeline: Pipeline, project: Project) {
  const { id, sha, ref, source, createdAt } = pipeline
  return { id, iid: id, project_id: project.id, sha, ref, status: 'running', source, created_at: createdAt, updated_at: createdAt }
}
