import type { CheckRun, CommitStatus, Pull } from '../state.ts'
import { accountShape, appShape, nodeId, type Place, type Shape } from './account.ts'
import { pullShape } from './pull.ts'

/** `pulls` are all that there are: GitHub names those of the commit, but for those from forks. */
export function checkRunShape(place: Place, run: CheckRun, pulls: readonly Pull[]): Shape {
  const { url } = place
  const at = `${url}/repos/${run.repository.names[0]}/check-runs/${run.id}`
  return {
    id: run.id,
    node_id: nodeId('CR', run.id),
    name: run.name,
    head_sha: run.sha,
    external_id: run.externalId,
    url: at,
    html_url: `${url}/${run.repository.names[0]}/runs/${run.id}`,
    details_url: run.detailsUrl ?? null,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    check_suite: { id: run.repository.id + 1 },
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${at}/annotations`,
    },
    app: appShape(place, run.isOfApp),
    pull_requests: pulls
      .filter(({ repository, headSha, state, fork }) => repository === run.repository && headSha === run.sha && state === 'open' && !fork)
      .map((pull) => pullReferenceShape(pullShape(place, pull))),
  }
}

/** A pull request as it is named where it is not the matter. */
export function pullReferenceShape(pull: Shape): Shape {
  const side = ({ ref, sha, repo }: Shape): Shape => {
    const { id, url, name } = repo as Shape
    return { ref, sha, repo: { id, url, name } }
  }
  return { id: pull.id, number: pull.number, url: pull.url, head: side(pull.head as Shape), base: side(pull.base as Shape) }
}

export function statusShape(place: Place, status: CommitStatus): Shape {
  return {
    id: status.id,
    node_id: nodeId('SC', status.id),
    url: `${place.url}/repos/${status.repository.names[0]}/statuses/${status.sha}`,
    state: status.state,
    context: status.context,
    description: status.description,
    target_url: status.targetUrl,
    creator: accountShape(place, status.creator),
    created_at: status.createdAt,
    updated_at: status.createdAt,
  }
}
