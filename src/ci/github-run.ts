import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { GithubCiEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import { type CiRun, commitOf } from './ci-run.ts'

const Sha = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/)
const Repository = z.object({ id: z.int(), full_name: z.string().regex(/^[\w.-]+\/[\w.-]+$/) })

/** What is read of an event. https://docs.github.com/webhooks/webhook-events-and-payloads */
const Event = z.object({
  repository: Repository.optional(),
  pull_request: z
    .object({
      number: z.int().positive(),
      base: z.object({ sha: Sha, repo: z.object({ id: z.int() }) }),
      head: z.object({ sha: Sha, repo: z.object({ id: z.int() }).nullish() }),
    })
    .optional(),
  merge_group: z.object({ base_sha: Sha }).optional(),
  workflow_run: z
    .object({
      event: z.string(),
      head_sha: Sha,
      head_branch: z.string().nullish(),
      head_repository: z.object({ id: z.int() }).nullish(),
    })
    .optional(),
  /** Of a push: what the branch was at. */
  before: Sha.optional(),
})

/** What a step of a workflow is run for, from the file with its event. */
export async function readGithubRun({ event: name, eventPath }: GithubCiEnvironment): Promise<CiRun> {
  const event = await readEvent(eventPath)
  const { repository, pull_request: pull, workflow_run: earlier } = event
  const at = repository && { forge: 'github' as const, repository: repository.full_name, repositoryId: repository.id }
  return {
    ci: 'github',
    request:
      at && pull && (name === 'pull_request' || name === 'pull_request_target')
        ? { ref: { ...at, number: pull.number }, headSha: pull.head.sha, isFork: pull.head.repo?.id !== pull.base.repo.id }
        : undefined,
    base: pull ? { branch: pull.base.sha } : { exact: event.merge_group?.base_sha ?? commitOf(event.before) },
    earlier:
      at && name === 'workflow_run' && earlier?.event === 'pull_request'
        ? {
            ref: at,
            headSha: earlier.head_sha,
            sourceRepositoryId: earlier.head_repository?.id,
            sourceBranch: earlier.head_branch ?? '',
          }
        : undefined,
  }
}

async function readEvent(path: string): Promise<z.infer<typeof Event>> {
  let event: unknown
  try {
    event = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    throw new UserError('GITHUB_EVENT_PATH names no file with an event. In a container, hand the folder of that file to it too.')
  }
  const result = Event.safeParse(event)
  if (result.success) return result.data
  throw new UserError(
    `The event that GITHUB_EVENT_PATH names cannot be read: ${result.error.issues[0]?.path.join('.')} is not as GitHub describes it.`,
  )
}
