import type { Pull } from '../state.ts'
import { accountShape, nodeId, type Place, repositoryShape, type Shape } from './account.ts'

/** Its address in the API. */
export function pullUrl({ url }: Place, { repository, number }: Pull): string {
  return `${url}/repos/${repository.names[0]}/pulls/${number}`
}

/** Its page for people. */
export function pullPage({ url }: Place, { repository, number }: Pull): string {
  return `${url}/${repository.names[0]}/pull/${number}`
}

export function pullShape(place: Place, pull: Pull): Shape {
  const { repository: base, fork } = pull
  const owner = fork?.owner ?? base.owner
  const page = pullPage(place, pull)
  return {
    id: pull.id,
    node_id: nodeId('PR', pull.id),
    number: pull.number,
    url: pullUrl(place, pull),
    html_url: page,
    issue_url: `${place.url}/repos/${base.names[0]}/issues/${pull.number}`,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    state: pull.state,
    locked: pull.isLocked,
    title: pull.title,
    body: null,
    draft: pull.isDraft,
    user: accountShape(place, pull.author),
    author_association: fork ? 'CONTRIBUTOR' : 'MEMBER',
    merged: pull.isMerged,
    merged_at: pull.isMerged ? pull.createdAt : null,
    closed_at: pull.state === 'closed' ? pull.createdAt : null,
    created_at: pull.createdAt,
    updated_at: pull.createdAt,
    commits: pull.heads.length,
    head: {
      label: `${owner.login}:${pull.headBranch}`,
      ref: pull.headBranch,
      sha: pull.headSha,
      user: accountShape(place, owner),
      repo: sourceShape(place, pull),
    },
    base: {
      label: `${base.owner.login}:main`,
      ref: 'main',
      sha: pull.baseTip,
      user: accountShape(place, base.owner),
      repo: repositoryShape(place, base),
    },
  }
}

/** Null when the fork is deleted. */
function sourceShape(place: Place, { repository, fork }: Pull): Shape | null {
  if (!fork) return repositoryShape(place, repository)
  if (fork.isGone) return null
  const names = [`${fork.owner.login}/${repository.name}`]
  return { ...repositoryShape(place, { ...repository, id: fork.id, owner: fork.owner, names }), fork: true }
}
