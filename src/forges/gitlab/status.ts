import type { MergeRequest, Status } from '../forge.ts'
import { type Connection, listAll } from './connection.ts'
import { Refused } from './failures.ts'
import { showMergeRequest } from './merge-request.ts'
import { commitStatus } from './replies.ts'

const NAME = 'pgwitness'
const MAX_DESCRIPTION = 255

/** GitLab has no neutral: it would stop nothing, so it is a success whose description says what was not checked. */
const STATES = {
  queued: 'pending',
  running: 'running',
  success: 'success',
  neutral: 'success',
  failure: 'failed',
  cancelled: 'canceled',
} as const
const ORDER = ['created', 'pending', 'running']

/**
 * Reads what there is first. GitLab answers 400 to a state that it is in already or that lies behind it, and adds a second status when an ended one is set
 * again.
 */
export async function ensureStatus(gitlab: Connection, request: MergeRequest, status: Status, ownUserId: number): Promise<void> {
  const { repositoryId, headSha } = request
  const path = `projects/${repositoryId}/repository/commits/${headSha}/statuses`
  const all = await listAll(gitlab, path, commitStatus, { name: NAME })
  const [newest] = all.filter(({ name, author }) => name === NAME && (author?.id ?? ownUserId) === ownUserId).sort((a, b) => b.id - a.id)
  const state = STATES[status.state]
  const description = shortened(status.title)
  const isUnderWay = newest !== undefined && ORDER.includes(newest.status)
  // The description of a state that stays cannot be changed.
  if (newest && isUnderWay && ORDER.indexOf(newest.status) >= ORDER.indexOf(state) && ORDER.includes(state)) return
  if (newest && !isUnderWay && newest.status === state && (newest.description ?? '') === description) return
  const place = isUnderWay ? { ref: newest.ref ?? undefined, pipelineId: newest.pipeline_id ?? undefined } : await placeOf(gitlab, request)
  try {
    await gitlab.commits.editStatus(repositoryId, headSha, state, { name: NAME, description, ...withoutUndefined(place) })
  } catch (error) {
    // Somebody else brought it there in between.
    if (error instanceof Refused && error.status === 400 && /cannot transition status/i.test(error.message)) return
    throw error
  }
}

/** Beside the other jobs of the merge request where it has a pipeline; a new one would stand in the merge request instead of that. */
async function placeOf(gitlab: Connection, request: MergeRequest): Promise<{ ref: string | undefined; pipelineId: number | undefined }> {
  const { head_pipeline: pipeline } = await showMergeRequest(gitlab, request)
  const isHere = pipeline?.sha === request.headSha && (pipeline.project_id ?? request.repositoryId) === request.repositoryId
  if (pipeline && isHere) return { ref: pipeline.ref, pipelineId: pipeline.id }
  const isFork = request.source.repositoryId !== request.repositoryId
  return { ref: isFork ? `refs/merge-requests/${request.number}/head` : request.source.branch, pipelineId: undefined }
}

function shortened(title: string): string {
  const line = title.replace(/\s+/g, ' ').trim()
  return line.length > MAX_DESCRIPTION ? `${line.slice(0, MAX_DESCRIPTION - 1)}…` : line
}

function withoutUndefined(values: { ref: string | undefined; pipelineId: number | undefined }): { ref?: string; pipelineId?: number } {
  return { ...(values.ref !== undefined && { ref: values.ref }), ...(values.pipelineId !== undefined && { pipelineId: values.pipelineId }) }
}
