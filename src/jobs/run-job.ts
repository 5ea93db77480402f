import type { AnswerSettings } from '../conversations/answer.ts'
import { answerComment } from '../conversations/answer.ts'
import { refusalText } from '../conversations/reply-text.ts'
import { ServiceError, UserError } from '../errors.ts'
import { Gone } from '../forges/forge.ts'
import type { Handler, Task } from '../queue/queue.ts'
import { clip, LIMITS } from '../reports/limits.ts'
import { fencedMarkdown } from '../reports/markdown-escape.ts'
import { reviewMergeRequest } from './review-merge-request.ts'
import type { JobSettings } from './settings.ts'

/** What a worker does: the job, and an honest word where the change is reviewed when it cannot be done. */
export function newHandler(settings: JobSettings, answers: AnswerSettings): Handler {
  return async (job, { isLast, isBegun, isGivenUp }, signal) => {
    if (isGivenUp) return await tell(job, new Error('given up'), settings, signal)
    try {
      await runJob(job, isBegun, settings, answers, signal)
    } catch (error) {
      const at = { job: job.kind, repository: job.ref.repository, number: job.ref.number, delivery: job.delivery }
      if (signal.aborted) throw error
      if (error instanceof Gone) return settings.log(at, 'gone')
      const isOver = isLast || !(error instanceof ServiceError)
      settings.log({ ...at, error: messageOf(error), isOver }, 'job failed')
      if (isOver) await tell(job, error, settings, signal)
      throw error
    }
  }
}

async function runJob(job: Task, isBegun: boolean, settings: JobSettings, answers: AnswerSettings, signal: AbortSignal): Promise<void> {
  switch (job.kind) {
    case 'review':
      return await reviewMergeRequest(job.ref, { isAsked: job.isAsked === true, isBegun }, settings, signal)
    case 'answer':
      return await answerComment(job.ref, job.comment, answers, signal)
  }
}

/** A review that never ends would leave its check running for ever. What went wrong inside is for the operator's log alone, unless the reader can put it right. */
async function tell(job: Task, error: unknown, { forgeFor, mention, log }: JobSettings, signal: AbortSignal): Promise<void> {
  const why =
    error instanceof UserError
      ? error.message
      : error instanceof ServiceError
        ? `${error.service} could not be reached`
        : 'pgwitness failed'
  try {
    const forge = forgeFor(job.ref)
    if (job.kind === 'answer') {
      await forge.ensureReply(job.ref, job.comment, refusalText(why), signal)
    } else {
      const request = await forge.fetchMergeRequest(job.ref, signal)
      const summary = `${fencedMarkdown(clip(why, LIMITS.annotation))}\n\n\`${mention} review\` tries again.`
      await forge.ensureStatus(request, { state: 'neutral', title: `Not reviewed: ${firstLine(why)}`, summary, annotations: [] }, signal)
    }
  } catch (second) {
    log(
      { job: job.kind, repository: job.ref.repository, number: job.ref.number, error: messageOf(second) },
      'the failure could not be told',
    )
  }
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 120)
}

function messageOf(error: unknown): string {
  return error instanceof Error
    ? error.name === 'Error' || error.name === 'TypeError'
      ? (error.stack ?? error.message)
      : error.message
    : 'unknown'
}
