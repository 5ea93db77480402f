import type { EarlierReport, Forge, MergeRequestRef, Person } from './forge.ts'
import { checkedAccess } from './gitlab/access.ts'
import { type Connection, connect } from './gitlab/connection.ts'
import { ensureReaction, ensureReply, fetchComment } from './gitlab/conversation.ts'
import { fetchDiff } from './gitlab/diff.ts'
import { fetchMergeRequest } from './gitlab/merge-request.ts'
import { fetchIdentity } from './gitlab/people.ts'
import { fetchPermission } from './gitlab/permission.ts'
import { fetchPipelineReport } from './gitlab/pipeline-report.ts'
import { ensureStatus } from './gitlab/status.ts'
import { ensureSummary, fetchSummary } from './gitlab/summary.ts'
import { ensureThreads } from './gitlab/threads.ts'
import { treeByApi } from './gitlab/tree.ts'

export interface GitLabOptions {
  /** The instance: `https://gitlab.com`, also below a path. */
  url: string
  /** With the scope api and the role Developer; a job's CI_JOB_TOKEN only reads. */
  token: string
  /** `job` for CI_JOB_TOKEN; else a personal, project or group access token. */
  tokenKind?: 'access' | 'job' | undefined
}

/** GitLab, as the user the token belongs to: of a project or group access token its bot. A UserError when the address or the token is none. */
export function gitlabForge({ url, token, tokenKind = 'access' }: GitLabOptions): Forge {
  const access = checkedAccess(url, token, tokenKind)
  const open = (signal: AbortSignal) => connect(access, signal)
  let identity: Person | undefined
  const ownUserId = async (gitlab: Connection) => {
    identity ??= await fetchIdentity(gitlab)
    return identity.id
  }
  /** One call of the port: its requests end together, and it knows whose notes are ours. */
  const asOurselves = async <T>(signal: AbortSignal, work: (gitlab: Connection, ownUserId: number) => Promise<T>): Promise<T> => {
    const gitlab = open(signal)
    return work(gitlab, await ownUserId(gitlab))
  }
  return {
    name: 'gitlab',
    // GitLab takes a million characters; notes half as long are still rendered within its time limit.
    maxBodyLength: 500_000,
    fetchIdentity: async (signal) => {
      identity ??= await fetchIdentity(open(signal))
      return identity
    },
    fetchMergeRequest: (ref, signal) => fetchMergeRequest(open(signal), ref),
    fetchDiff: (request, signal) => fetchDiff(open(signal), request),
    fetchGitAccess: async ({ repository }) => ({
      url: `${access.url}/${repository.split('/').map(encodeURIComponent).join('/')}.git`,
      authorization: `Basic ${Buffer.from(`${tokenKind === 'job' ? 'gitlab-ci-token' : 'oauth2'}:${access.token}`).toString('base64')}`,
      headRef: (number) => `refs/merge-requests/${number}/head`,
    }),
    treeByApi: (request, sha, signal) => treeByApi(() => open(signal), request, sha),
    fetchPermission: (ref, person, signal) => fetchPermission(open(signal), ref, person),
    fetchComment: (ref, comment, signal) => asOurselves(signal, (gitlab, me) => fetchComment(gitlab, ref, comment, me)),
    fetchSummary: (request, signal) => asOurselves(signal, (gitlab, me) => fetchSummary(gitlab, request, me)),
    ensureSummary: (request, body, signal) => asOurselves(signal, (gitlab, me) => ensureSummary(gitlab, request, body, me)),
    ensureThreads: (request, wanted, told, signal) => asOurselves(signal, (gitlab, me) => ensureThreads(gitlab, request, wanted, told, me)),
    ensureStatus: (request, status, signal) => asOurselves(signal, (gitlab, me) => ensureStatus(gitlab, request, status, me)),
    ensureReaction: (ref, comment, signal) => ensureReaction(open(signal), ref, comment),
    ensureReply: (ref, comment, body, signal) => asOurselves(signal, (gitlab, me) => ensureReply(gitlab, ref, comment, body, me)),
  }
}

/** The report that the newest pipeline of a merge request left as an artifact. */
export async function gitlabPipelineReport(
  { url, token }: GitLabOptions,
  ref: MergeRequestRef,
  where: { jobName: string; path: string },
  signal: AbortSignal,
): Promise<EarlierReport> {
  return await fetchPipelineReport(connect({ url: url.replace(/\/+$/, ''), token, kind: 'access' }, signal), ref, where)
}
