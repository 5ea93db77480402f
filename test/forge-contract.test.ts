/** What every forge does, held against its stub. */
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { githubForge } from '../src/forges/github.ts'
import { gitlabForge } from '../src/forges/gitlab.ts'
import { startStubGithub } from '../src/simulation/stub-github.ts'
import { startStubGitlab } from '../src/simulation/stub-gitlab.ts'
import { answers, summaries } from './fixtures/forge-contract/comments.ts'
import { failures } from './fixtures/forge-contract/failures.ts'
import type { Ground } from './fixtures/forge-contract/ground.ts'
import { reading } from './fixtures/forge-contract/reading.ts'
import { statuses } from './fixtures/forge-contract/statuses.ts'
import { threads } from './fixtures/forge-contract/threads.ts'

/** What an identity is about; the rest is the same code. */
const OF_IDENTITY = [statuses, answers]
const ALL = [reading, summaries, answers, threads, statuses, failures]

const CONTESTANTS: Record<string, () => Promise<Ground>> = {
  'github, as an App': async () => {
    const stub = await startStubGithub()
    const { appId, privateKey } = stub.credentials
    const forge = () => githubForge({ appId, privateKey, baseUrl: stub.url })
    return { ...githubGround(stub), forge: forge(), other: forge, impostor: () => githubForge({ appId: 1, privateKey, baseUrl: stub.url }) }
  },
  'github, as a workflow': async () => {
    const stub = await startStubGithub()
    const forge = () => githubForge({ token: stub.credentials.actionsToken, baseUrl: stub.url })
    return { ...githubGround(stub), forge: forge(), other: forge, impostor: () => githubForge({ token: 'ghs_wrong', baseUrl: stub.url }) }
  },
  'github, as a person': async () => {
    const stub = await startStubGithub()
    const forge = () => githubForge({ token: stub.credentials.token, baseUrl: stub.url })
    const shows = { queued: 'pending', running: 'pending', success: 'success', failure: 'failure', neutral: 'success', cancelled: 'error' }
    return {
      ...githubGround(stub),
      forge: forge(),
      other: forge,
      impostor: () => githubForge({ token: 'ghp_wrong', baseUrl: stub.url }),
      shows,
      hasAnnotations: false,
    }
  },
  gitlab: async () => {
    const stub = await startStubGitlab()
    const { token } = stub.credentials
    const forge = () => gitlabForge({ url: stub.url, token })
    return {
      stub,
      forge: forge(),
      other: forge,
      impostor: () => gitlabForge({ url: stub.url, token: 'glpat-wrong' }),
      secrets: [token, 'glpat-wrong'],
      shows: { queued: 'pending', running: 'running', success: 'success', failure: 'failed', neutral: 'success', cancelled: 'canceled' },
      hasAnnotations: false,
      editMethod: 'PUT',
      commentPath: /\/merge_requests\/\d+\/(notes|discussions\/\w+\/notes)/,
      threadPath: /\/merge_requests\/\d+\/discussions$/,
      statusPath: /\/statuses\//,
      [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
    }
  },
}

function githubGround(stub: Awaited<ReturnType<typeof startStubGithub>>): Omit<Ground, 'forge' | 'other' | 'impostor'> {
  const { privateKey, token, actionsToken } = stub.credentials
  return {
    stub,
    secrets: [privateKey.slice(100, 140), token, actionsToken, 'ghs_', 'eyJ'],
    shows: {
      queued: 'queued',
      running: 'in_progress',
      success: 'success',
      failure: 'failure',
      neutral: 'neutral',
      cancelled: 'cancelled',
    },
    hasAnnotations: true,
    editMethod: 'PATCH',
    commentPath: /\/issues\/(\d+\/)?comments/,
    threadPath: /\/pulls\/\d+\/(reviews|comments$)/,
    statusPath: /\/check-runs/,
    [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
  }
}

describe.each(Object.entries(CONTESTANTS))('%s', (name, start) => {
  let ground: Ground
  beforeAll(async () => {
    ground = await start()
  })
  afterAll(() => ground[Symbol.asyncDispose]())
  afterEach(() => expect(ground.stub.violations.splice(0)).toEqual([]))
  for (const suite of /workflow|person/.test(name) ? OF_IDENTITY : ALL) suite(() => ground)
})
