import { ServiceError } from '../../errors.ts'
import type { MergeRequest, MergeRequestRef } from '../forge.ts'
import { type Connection, read } from './connection.ts'
import { personOf } from './people.ts'
import { type MergeRequestReply, mergeRequest } from './replies.ts'

/** GitLab makes the diff of a new merge request a moment after it tells of it. */
const PREPARED_AFTER_MS = 5000

export async function showMergeRequest(gitlab: Connection, ref: MergeRequestRef): Promise<MergeRequestReply> {
  return read(mergeRequest, await gitlab.mergeRequests.show(ref.repositoryId, ref.number), 'a merge request')
}

export async function fetchMergeRequest(gitlab: Connection, ref: MergeRequestRef): Promise<MergeRequest> {
  const shown = await showMergeRequest(gitlab, ref)
  if (!shown.diff_refs) {
    throw new ServiceError('GitLab', `!${ref.number} is still being prepared`, { retryAfterMs: PREPARED_AFTER_MS })
  }
  const { base_sha: baseSha, head_sha: headSha, start_sha: targetSha } = shown.diff_refs
  return {
    forge: 'gitlab',
    repository: /^(.+)!\d+$/.exec(shown.references?.full ?? '')?.[1] ?? ref.repository,
    repositoryId: shown.project_id,
    number: shown.iid,
    title: shown.title,
    url: shown.web_url,
    // `locked` is one that is being merged, which may still fail.
    state: shown.state === 'opened' || shown.state === 'locked' ? 'open' : shown.state,
    isDraft: shown.draft ?? shown.work_in_progress ?? false,
    author: personOf(shown.author),
    target: { branch: shown.target_branch, sha: targetSha },
    source: { branch: shown.source_branch, repositoryId: shown.source_project_id ?? undefined },
    headSha,
    baseSha,
  }
}
