import { z } from 'zod'
import type { ForgeEvent, MergeRequestRef } from '../forge.ts'
import { CHECK_NAME, numberOfRun } from './check-run.ts'
import { AUTHOR, authorOf } from './merge-request.ts'

const SOURCE = z.object({
  repository: z.object({ id: z.number(), full_name: z.string() }),
  installation: z.object({ id: z.number() }).nullish(),
  sender: AUTHOR,
})
const PULL_REQUEST = SOURCE.extend({
  action: z.string(),
  changes: z.object({ base: z.unknown() }).nullish(),
  pull_request: z.object({
    number: z.number(),
    state: z.string(),
    draft: z.boolean().nullish(),
    user: AUTHOR,
    head: z.object({ sha: z.string() }),
  }),
})
const COMMENT = z.object({ id: z.number(), body: z.string().nullish(), user: AUTHOR, in_reply_to_id: z.number().nullish() })
const ISSUE_COMMENT = SOURCE.extend({ issue: z.object({ number: z.number(), pull_request: z.unknown() }), comment: COMMENT })
const REVIEW_COMMENT = SOURCE.extend({ pull_request: z.object({ number: z.number() }), comment: COMMENT })
const PULL_REQUESTS = z.array(z.object({ number: z.number(), base: z.object({ repo: z.object({ id: z.number() }) }) })).nullish()
const CHECK_RUN = SOURCE.extend({
  check_run: z.object({ name: z.string(), external_id: z.string().nullish(), pull_requests: PULL_REQUESTS }),
})
const CHECK_SUITE = SOURCE.extend({ check_suite: z.object({ pull_requests: PULL_REQUESTS }) })

type Source = z.infer<typeof SOURCE>

export function readPullRequest(payload: unknown): ForgeEvent[] {
  const event = PULL_REQUEST.parse(payload)
  const { action, pull_request: pull, sender } = event
  const ref = refOf(event, pull.number)
  if (pull.state !== 'open') return [{ kind: 'closed', ref }]
  // Bots push to the requests of persons too, and those commits are as good as any.
  if (isBot(pull.user) || (isBot(sender) && action !== 'synchronize')) return ignored('it is by a bot')
  if (action === 'edited' && event.changes?.base === undefined) return ignored('only words were edited')
  return [{ kind: 'proposed', ref, headSha: pull.head.sha, isDraft: pull.draft ?? false }]
}

export function readIssueComment(payload: unknown): ForgeEvent[] {
  const event = ISSUE_COMMENT.parse(payload)
  if (!event.issue.pull_request) return ignored('the comment is on an issue')
  return commented(event, refOf(event, event.issue.number), { id: event.comment.id, place: 'conversation' })
}

export function readReviewComment(payload: unknown): ForgeEvent[] {
  const event = REVIEW_COMMENT.parse(payload)
  const { id, in_reply_to_id } = event.comment
  return commented(event, refOf(event, event.pull_request.number), { id, place: 'thread', thread: String(in_reply_to_id ?? id) })
}

/** GitHub leaves out pull requests from forks, so our own runs say what they are for. */
export function readCheckRun(payload: unknown): ForgeEvent[] {
  const event = CHECK_RUN.parse(payload)
  const { name, external_id, pull_requests } = event.check_run
  if (name !== CHECK_NAME) return ignored('it is another check')
  const number = numberOfRun(external_id)
  return number === undefined ? rerun(event, pull_requests) : rerun(event, [{ number, base: { repo: event.repository } }])
}

export function readCheckSuite(payload: unknown): ForgeEvent[] {
  const event = CHECK_SUITE.parse(payload)
  return rerun(event, event.check_suite.pull_requests)
}

function rerun(event: Source, pulls: z.infer<typeof PULL_REQUESTS>): ForgeEvent[] {
  if (isBot(event.sender)) return ignored('it is by a bot')
  const here = pulls?.filter(({ base }) => base.repo.id === event.repository.id) ?? []
  if (here.length === 0) return ignored('it is for no pull request of this repository')
  return here.map(({ number }) => ({ kind: 'rerun', ref: refOf(event, number) }))
}

function commented(
  event: Source & { comment: z.infer<typeof COMMENT> },
  ref: MergeRequestRef,
  comment: (ForgeEvent & { kind: 'commented' })['comment'],
): ForgeEvent[] {
  const { user, body } = event.comment
  if (!user) return ignored('its author is gone')
  if (isBot(user) || isBot(event.sender)) return ignored('it is by a bot')
  return [{ kind: 'commented', ref, comment, author: authorOf(user), text: body ?? '' }]
}

function isBot(account: z.infer<typeof AUTHOR>): boolean {
  return account?.type === 'Bot'
}

function refOf({ repository, installation }: Source, number: number): MergeRequestRef {
  return {
    forge: 'github',
    repository: repository.full_name,
    repositoryId: repository.id,
    number,
    ...(installation && { installation: installation.id }),
  }
}

function ignored(reason: string): ForgeEvent[] {
  return [{ kind: 'ignored', reason }]
}
