import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ForgeName } from '../src/forges/forge.ts'
import type { Misbehaviour } from '../src/simulation/misbehaviour.ts'
import type { StubMergeRequest, StubWebhook } from '../src/simulation/stub-forge.ts'
import { deviations, finalState } from './bench/service/outcome.ts'
import { type KillableService, startKillableService } from './fixtures/killable-service.ts'
import { type RunningService, startForgeAndService } from './fixtures/service.ts'

const BASE = { 'migrations/001_orders.sql': 'create table orders (id bigint primary key, customer_id bigint, note text);\n' }
const HEAD = {
  'migrations/002_a.sql': 'create index orders_customer on orders (customer_id);\n',
  'migrations/003_b.sql': 'alter table orders alter column note set not null;\n',
}
/** One finding is mended, one stays, one is new. */
const NEXT = { 'migrations/002_a.sql': 'select 1;\n', 'migrations/004_c.sql': 'alter table orders alter column id type int;\n' }

/** What happens to a change: each has its own story, and its own requests. */
type Story = 'opened' | 'pushed' | 'answered' | 'planned' | 'closed'
type Kill = [name: string, story: Story, first: Misbehaviour, second?: Misbehaviour]

const before = (method: string, path: RegExp, after = 0): Misbehaviour => ({ method, path, after, reset: true })
/** It was carried out, and nobody heard of it. */
const done = (method: string, path: RegExp, after = 0): Misbehaviour => ({ method, path, after, reset: true, isCarriedOut: true })

const KILLS: Record<ForgeName, Kill[]> = {
  github: [
    ['when the change is read', 'opened', before('GET', /pulls\/\d+$/)],
    ['after the check run is made, and before it ends', 'opened', done('POST', /check-runs$/), before('PATCH', /check-runs/)],
    ['when git asks for refs', 'opened', before('GET', /info\/refs/)],
    ['when git asks for files', 'opened', done('POST', /git-upload-pack/, 1)],
    ['between store and publish', 'opened', before('GET', /pulls\/\d+$/, 1)],
    ['when the threads are read', 'opened', before('POST', /graphql/)],
    ['before the threads are made', 'opened', before('POST', /reviews$/)],
    ['after the threads are made, and after the summary', 'opened', done('POST', /reviews$/), done('POST', /issues\/\d+\/comments$/)],
    ['before the summary is made', 'opened', before('POST', /issues\/\d+\/comments$/)],
    ['after the summary is made', 'opened', done('POST', /issues\/\d+\/comments$/)],
    ['before the check run ends', 'opened', before('PATCH', /check-runs/)],
    ['after the check run ended', 'opened', done('PATCH', /check-runs/)],
    ['after a thread is resolved', 'pushed', done('POST', /graphql/, 3)],
    ['after the summary is edited', 'pushed', done('PATCH', /issues\/comments/)],
    ['after the reply', 'answered', done('POST', /replies$/)],
  ],
  gitlab: [
    ['after the reaction', 'opened', done('POST', /merge_requests\/\d+\/award_emoji/)],
    ['before the status is set', 'opened', before('POST', /statuses/)],
    ['after the status is set', 'opened', done('POST', /statuses/)],
    ['when git asks for commits, twice', 'opened', before('POST', /git-upload-pack/), before('POST', /git-upload-pack/)],
    ['when the diff is read', 'opened', before('GET', /\/diffs/)],
    ['after the first thread', 'opened', done('POST', /discussions$/)],
    ['after the second thread', 'opened', done('POST', /discussions$/, 1)],
    ['after the summary is made, and the status', 'opened', done('POST', /merge_requests\/\d+\/notes$/), done('POST', /statuses/, 1)],
    ['before the status is final', 'opened', before('POST', /statuses/, 1)],
    ['after a thread is resolved', 'pushed', done('PUT', /discussions/)],
    ['after the summary is edited', 'pushed', done('PUT', /notes/)],
    ['after the comment got its reaction', 'answered', done('POST', /notes\/\d+\/award_emoji/)],
    ['after the reply', 'answered', done('POST', /discussions\/\w+\/notes$/)],
  ],
}

/** A fifth of them; all with PGWITNESS_TEST_KILLS=all, which takes minutes. */
function some<T>(all: readonly T[]): T[] {
  return all.filter((_, index) => process.env.PGWITNESS_TEST_KILLS === 'all' || index % 5 === 1)
}

type Moment = [name: string, story: Story, moment: (it: KillableService) => Promise<void>]

/** Moments that no request marks: each waits for its own, or kills when the time has come. */
const MOMENTS: Record<ForgeName, Moment[]> = {
  github: [
    ['as the webhook comes', 'opened', () => sleep(0)],
    ['when the clone has files', 'opened', ({ temporary }) => appears(temporary, 'data/PG_VERSION')],
    ['while it measures', 'opened', async ({ temporary }) => appears(temporary, 'data/postmaster.pid').then(() => sleep(250))],
    ['while what it measures is cancelled', 'closed', ({ temporary }) => appears(temporary, 'data/postmaster.pid')],
  ],
  gitlab: [
    ['as the webhook is answered', 'opened', () => sleep(6)],
    ['when a clone is begun', 'opened', ({ temporary }) => appears(temporary, '')],
    ['when the clone has started', 'opened', ({ temporary }) => appears(temporary, 'data/postmaster.pid')],
    ['while a query is planned', 'planned', async ({ temporary }) => appears(temporary, 'data/postmaster.pid').then(() => sleep(100))],
  ],
}

async function appears(folder: string, path: string): Promise<void> {
  const was = new Set(clonesIn(folder))
  while (!clonesIn(folder).some((name) => !was.has(name) && existsSync(join(folder, name, path)))) await sleep(3)
}

function clonesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('pgwitness'))
}

interface Seen {
  state: unknown
  deviations: string[]
  failed: number
  leftovers: string[]
}

/** Lives through a story; `disturb` begins before what it is about. What is seen after all is done. */
async function live(it: KillableService, story: Story, disturb: () => Promise<void> | undefined): Promise<Seen> {
  const { stub } = it
  const ref = await stub.addMergeRequest({ repository: 'shop/api', base: BASE, head: HEAD, author: 'alice' })
  stub.setPermission(ref, 'alice', 'write')
  let { headSha } = ref
  const failedBefore = await it.idle()
  const told = async (webhook: Parameters<KillableService['deliver']>[0]): Promise<void> => {
    const disturbed = disturb()
    await it.deliver(webhook)
    await disturbed
    await it.idle()
  }
  if (story === 'planned') {
    const comment = await stub.comment(ref, 'alice', '@pgwitness plan select * from orders where customer_id = 7')
    await told(stub.webhook('commented', ref, { comment }))
  } else if (story === 'opened') {
    await told(stub.webhook('opened', ref))
  } else if (story === 'closed') {
    const disturbed = disturb()
    await it.deliver(stub.webhook('opened', ref))
    await disturbed
    await it.deliver(stub.webhook('closed', ref))
    await it.idle()
  } else {
    await it.deliver(stub.webhook('opened', ref))
    await it.idle()
    if (story === 'pushed') {
      headSha = await stub.push(ref, NEXT)
      await told(stub.webhook('pushed', ref))
    } else {
      const comment = await stub.comment(ref, 'alice', '@pgwitness explain', stub.state(ref).threads[0]?.id)
      await told(stub.webhook('commented', ref, { comment }))
    }
  }
  return seen(it, { ...ref, headSha }, failedBefore)
}

async function seen(it: KillableService, ref: StubMergeRequest, failedBefore: number): Promise<Seen> {
  const change = { stub: it.stub, ref, headSha: ref.headSha }
  const { reactions, ...state } = JSON.parse(finalState(change))
  return {
    state,
    // One on the change is a courtesy: it may be missing, as what was killed right after its 202 leaves none.
    deviations: [...deviations(change), ...(reactions.length > 1 ? ['two reactions'] : [])],
    failed: (await it.idle()) - failedBefore,
    leftovers: it.leftovers().filter(isLeftover),
  }
}

describe.concurrent.each(['github', 'gitlab'] as const)('%s: killed and started again, it ends as if nothing had happened', (name) => {
  const undisturbed = new Map<Story, Seen>()
  let it: KillableService
  beforeAll(async () => {
    it = await startKillableService(name)
    for (const story of ['opened', 'pushed', 'answered', 'planned'] as const) undisturbed.set(story, await live(it, story, () => undefined))
  })
  afterAll(async () => {
    expect(it.stub.violations).toEqual([])
    await it[Symbol.asyncDispose]()
  })

  test.each(some(KILLS[name]))('%s', { concurrent: false, timeout: 120_000 }, async (_, story, ...rules) => {
    const kills = it.kills()
    const end = await live(it, story, () => {
      for (const rule of rules) if (rule) it.stub.misbehave({ ...rule, hook: it.kill })
      return undefined
    })
    expect(end).toEqual(undisturbed.get(story))
    expect(it.kills() - kills).toBe(rules.length)
  })

  test.each(some(MOMENTS[name]))('%s', { concurrent: false, timeout: 120_000 }, async (_, story, moment) => {
    const kills = it.kills()
    const end = await live(it, story, () => moment(it).then(it.kill))
    if (story !== 'closed') expect(end).toEqual(undisturbed.get(story))
    else expect(end).toMatchObject({ state: { threads: [], comments: [] }, deviations: [], failed: 0, leftovers: [] })
    expect(it.kills() - kills).toBe(1)
  })
})

describe.each(['github', 'gitlab'] as const)('%s', (name) => {
  test('a forge that fails at a tenth of all requests changes nothing but the time', async () => {
    await using it = await startForgeAndService(name, '', { firstRetryMs: 20, longestRetryMs: 200, pollMs: 50 })
    const lives = async (number: number): Promise<unknown> => {
      const ref = await it.propose({ base: BASE, head: HEAD, repository: `shop/api-${number}` })
      await told(it, it.stub.webhook('opened', ref))
      const headSha = await it.stub.push(ref, NEXT)
      await told(it, it.stub.webhook('pushed', ref))
      const comment = await it.stub.comment(ref, 'alice', '@pgwitness help')
      await told(it, it.stub.webhook('commented', ref, { comment }))
      const change = { stub: it.stub, ref, headSha }
      const { reactions: _, ...state } = JSON.parse(finalState(change))
      return { state, deviations: deviations(change) }
    }
    const undisturbed = await lives(0)
    it.stub.random(0.1, 4)
    const states = await Promise.all([1, 2].map(lives))
    it.stub.random(0, 4)
    for (const state of states) expect(state).toEqual(undisturbed)
    expect((await it.service.queue.counts()).failed).toBe(0)
    expect(it.stub.violations).toEqual([])
  }, 120_000)

  test('told to stop it finishes within the grace, and hands back what it cannot', async () => {
    await using it = await startKillableService(name)
    const ref = await it.stub.addMergeRequest({ repository: 'shop/api', base: BASE, head: HEAD, author: 'alice' })
    it.stub.setPermission(ref, 'alice', 'write')
    const begun = appears(it.temporary, '')
    await it.deliver(it.stub.webhook('opened', ref))
    await begun
    expect(await it.stop()).toBe(0)
    expect(it.stub.state(ref).statuses.at(-1)?.state).toMatch(/fail/)
    expect(it.leftovers().filter(isLeftover)).toEqual([])

    await it.start({ graceSeconds: 0 })
    const headSha = await it.stub.push(ref, NEXT)
    const again = appears(it.temporary, '')
    await it.deliver(it.stub.webhook('pushed', ref))
    await again
    expect(await it.stop()).toBe(0)
    expect(it.stub.state(ref).statuses.at(-1)).toMatchObject({ sha: headSha, state: expect.not.stringMatching(/fail|success/) })
    expect(it.leftovers().filter(isLeftover)).toEqual([])
    await it.start()
    await it.idle()
    expect(it.stub.state(ref).statuses.at(-1)).toMatchObject({ sha: headSha, state: expect.stringMatching(/fail/) })
    expect(deviations({ stub: it.stub, ref, headSha })).toEqual([])
  }, 120_000)
})

async function told(it: RunningService, webhook: StubWebhook): Promise<void> {
  expect((await it.send(webhook)).status).toBe(202)
  await it.idle()
}

/** Node keeps what it compiled. */
function isLeftover(name: string): boolean {
  return name !== 'node-compile-cache'
}
