import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import type { StubMergeRequest } from '../src/simulation/stub-forge.ts'
import { ORDERS, startForgeAndService } from './fixtures/service.ts'

describe.each(['github', 'gitlab'] as const)('%s', async (name) => {
  const it = await startForgeAndService(name, 'budgetMinutesPerDay: 1000')
  afterAll(async () => {
    expect(it.stub.violations).toEqual([])
    const state = it.logs()
    for (const secret of it.secrets) expect(state).not.toContain(secret)
    await it[Symbol.asyncDispose]()
  })
  const bot = (ref: StubMergeRequest) => it.stub.state(ref).comments.filter(({ author }) => author.startsWith('pgwitness'))
  const last = (ref: StubMergeRequest): string => bot(ref).at(-1)?.body ?? ''
  const newest = (ref: StubMergeRequest) => it.stub.state(ref).statuses.at(-1)

  test('a change is reviewed, fixed, and comes back', async () => {
    const ref = await it.propose()
    expect(await it.deliver('opened', ref)).toBe(202)
    await it.idle()
    const { threads, reactions } = it.stub.state(ref)
    expect(reactions).toEqual(['eyes'])
    expect(threads).toMatchObject([{ path: 'migrations/002_index.sql', line: 1, resolved: false }])
    expect(threads[0]?.comments[0]?.body).toContain('create index concurrently orders_customer')
    expect(bot(ref)).toHaveLength(1)
    expect(last(ref)).toContain('1 finding')
    expect(newest(ref)).toMatchObject({ name: 'pgwitness', sha: ref.headSha, state: expect.stringMatching(/fail/) })

    await it.stub.push(ref, { 'migrations/002_index.sql': '-- nothing\nselect 1;\n' })
    await it.deliver('pushed', ref)
    await it.idle()
    expect(it.stub.state(ref).threads).toMatchObject([{ resolved: true }])
    expect(bot(ref)).toHaveLength(1)
    expect(newest(ref)?.state).toMatch(/success/)

    await it.stub.push(ref, { 'migrations/002_index.sql': 'create index orders_customer on orders (customer_id);\n' })
    await it.deliver('pushed', ref)
    await it.idle()
    expect(it.stub.state(ref).threads).toMatchObject([{ resolved: false }])
    expect(bot(ref)).toHaveLength(1)
  }, 120_000)

  test('a change without SQL gets a status and no comment', async () => {
    const ref = await it.propose({ head: { 'README.md': 'new' } })
    await it.deliver('opened', ref)
    await it.idle()
    expect(bot(ref)).toEqual([])
    expect(newest(ref)?.state).toMatch(/success/)
  }, 60_000)

  test('a draft waits until it is ready, or somebody asks', async () => {
    const ref = await it.propose({ draft: true })
    await it.deliver('opened', ref)
    await it.idle()
    expect(bot(ref)).toEqual([])
    expect(newest(ref)?.title).toContain('draft')
    await it.say(ref, 'alice', '@pgwitness review')
    expect(it.stub.state(ref).threads).toHaveLength(1)
    const other = await it.propose({ draft: true })
    await it.deliver('ready', other)
    await it.idle()
    expect(it.stub.state(other).threads).toHaveLength(1)
  }, 120_000)

  test('a closed change is left alone', async () => {
    const ref = await it.propose()
    await it.deliver('opened', ref)
    await it.deliver('closed', ref)
    await it.idle()
    expect(it.stub.state(ref).threads).toEqual([])
  }, 60_000)

  test('a review that a newer commit or the end of the change cuts off leaves no status that runs', async () => {
    const begun = async () => {
      const ref = await it.propose()
      await it.deliver('opened', ref)
      while (it.stub.state(ref).statuses.length === 0) await sleep(5)
      return ref
    }
    const closed = await begun()
    await it.deliver('closed', closed)
    await it.idle()
    const pushed = await begun()
    await it.stub.push(pushed, { 'migrations/003_more.sql': 'select 1;\n' })
    await it.deliver('pushed', pushed)
    await it.idle()
    const states = [closed, pushed].flatMap((ref) => it.stub.state(ref).statuses.map(({ state }) => state))
    expect(states).toHaveLength(3)
    for (const state of states) expect(state).toMatch(/cancel|fail/)
  }, 120_000)

  test('people who may write are answered, in the thread they asked in', async () => {
    const ref = await it.propose()
    await it.deliver('opened', ref)
    await it.idle()
    const thread = it.stub.state(ref).threads[0]?.id
    await it.say(ref, 'alice', '@pgwitness explain', thread)
    const answer = it.stub.state(ref).threads[0]?.comments.at(-1)
    expect(answer?.body).toContain('require-concurrent-index')
    await it.say(ref, 'alice', '/pgwitness plan select * from orders where customer_id = 7')
    expect(last(ref)).toContain('orders_customer')
    expect(last(ref)).toContain('no rows and no statistics')
    await it.say(ref, 'alice', '@pgwitness try index on orders (note) for select * from orders where note = $1')
    expect(last(ref)).toContain('On empty tables')
    await it.say(ref, 'alice', '@pgwitness plan drop table orders')
    expect(last(ref)).toContain('There is no plan for DROP TABLE')
    await it.say(ref, 'alice', '@pgwitness ignore: the table has ten rows', thread)
    expect(it.stub.state(ref).threads[0]?.comments.at(-1)?.body).toContain('is ignored in this change')
    expect(it.stub.state(ref).threads[0]?.resolved).toBe(true)
    expect(bot(ref)[0]?.body).toContain('the table has ten rows')
    expect(newest(ref)?.state).toMatch(/success/)
  }, 180_000)

  test('what Postgres refuses is an answer that stays text, and no failure', async () => {
    const head = {
      'migrations/002_raise.sql':
        "create function f() returns int language plpgsql as $$ begin raise exception '@org/team ![x](https://example.com/x.png) <img src=x>'; end $$;\n",
    }
    const ref = await it.propose({ head })
    const { failed } = await it.service.queue.counts()
    await it.say(ref, 'alice', '@pgwitness plan select f()')
    expect(last(ref)).toContain('That could not be done')
    expect(last(ref)).not.toMatch(/@org|!\[x\]|<img/)
    expect(it.logs()).not.toContain('@org/team')
    expect((await it.service.queue.counts()).failed).toBe(failed)
  }, 60_000)

  test('others are told once, and run nothing', async () => {
    const ref = await it.propose()
    it.stub.setPermission(ref, 'mallory', 'read')
    await it.say(ref, 'mallory', '@pgwitness plan select 1')
    await it.say(ref, 'mallory', '@pgwitness review')
    expect(bot(ref)).toHaveLength(1)
    expect(last(ref)).toContain('Only people who may write')
    expect(it.stub.state(ref).threads).toEqual([])
  }, 60_000)

  test('an unknown command gets help once; what is quoted or said to others gets nothing', async () => {
    const ref = await it.propose()
    await it.say(ref, 'alice', '@pgwitness dance <img src=x> @everyone')
    expect(last(ref)).toContain('There is no command')
    expect(last(ref)).not.toMatch(/<img|@everyone/)
    await it.say(ref, 'alice', '@pgwitness sing')
    await it.say(ref, 'alice', '> @pgwitness help')
    await it.say(ref, 'alice', '```\n@pgwitness help\n```')
    await it.say(ref, 'alice', 'as @pgwitness said, help')
    expect(bot(ref)).toHaveLength(1)
  }, 60_000)

  test('its own comments and those of bots are not answered', async () => {
    const ref = await it.propose()
    await it.say(ref, name === 'github' ? 'pgwitness[bot]' : 'pgwitness', '@pgwitness help')
    // GitLab tells no bots of others from people; what they may do decides.
    if (name === 'github') await it.say(ref, 'dependabot[bot]', '@pgwitness help')
    expect(it.stub.state(ref).comments.filter(({ body }) => body.includes('explain 1a2b3c4d'))).toEqual([])
  }, 60_000)

  test("a stranger's change runs without production's data and without values, until a maintainer asks", async () => {
    const base = { ...ORDERS, '.pgwitness.yml': 'clone: postgres://somebody@127.0.0.1:1/production\n' }
    const ref = await it.propose({ base, author: 'mallory', fork: true })
    it.stub.setPermission(ref, 'mallory', 'read')
    await it.deliver('opened', ref)
    await it.idle()
    expect(last(ref)).toContain('a service takes databases only from its operator')
    expect(last(ref)).not.toContain('somebody@127')
    expect(it.stub.state(ref).threads).toHaveLength(1)
  }, 60_000)

  test('what the change says of its own review does not count', async () => {
    const ref = await it.propose({
      head: {
        '.pgwitness.yml': 'clone: none\nrules: { disable: [require-concurrent-index] }\nignore: ["**"]\n',
        'migrations/002_index.sql': 'create index orders_customer on orders (customer_id);\n',
      },
    })
    await it.deliver('opened', ref)
    await it.idle()
    expect(it.stub.state(ref).threads).toHaveLength(1)
    expect(last(ref)).toContain('is taken from the base')
  }, 60_000)

  test('a configuration that is not right is told in the status', async () => {
    const ref = await it.propose({ base: { ...ORDERS, '.pgwitness.yml': 'postgres: eighteen\n' } })
    await it.deliver('opened', ref)
    await it.idle()
    expect(newest(ref)?.title).toContain('.pgwitness.yml is not right')
  }, 60_000)
})

describe('a maintainer', () => {
  test('names the commit that may run where the data is', async () => {
    await using it = await startForgeAndService('github', 'clone: none')
    const ref = await it.propose()
    const last = (): string => it.stub.state(ref).comments.at(-1)?.body ?? ''
    await it.say(ref, 'alice', '@pgwitness review with data')
    expect(last()).toContain(`review with data ${ref.headSha.slice(0, 10)}`)
    await it.say(ref, 'alice', '@pgwitness review with data 0123456789')
    expect(last()).toContain('another one by now')
    await it.say(ref, 'alice', `@pgwitness review with data ${ref.headSha.slice(0, 10)}`)
    expect(
      it.stub
        .state(ref)
        .comments.map(({ body }) => body)
        .join(),
    ).toContain('holds for this commit alone')
  }, 60_000)
})

describe('an operator', () => {
  test('whose forge fails sees no status run on when the change is closed meanwhile', async () => {
    await using it = await startForgeAndService('github', '', { firstRetryMs: 3_600_000, longestRetryMs: 3_600_000 })
    const ref = await it.propose()
    it.stub.misbehave({ method: 'POST', path: /reviews$/, reset: true })
    await it.deliver('opened', ref)
    while ((await it.service.queue.counts()).waiting === 0 || it.stub.state(ref).statuses.length === 0) await sleep(20)
    await it.deliver('closed', ref)
    await it.idle()
    expect(it.stub.state(ref).statuses.map(({ state }) => state)).toEqual(['cancelled'])
  }, 60_000)

  test('who gives no time for clones gets reviews that say so', async () => {
    await using it = await startForgeAndService('gitlab', 'budgetMinutesPerDay: 0\ninlineComments: 0')
    const ref = await it.propose()
    await it.deliver('opened', ref)
    await it.idle()
    const { comments, threads } = it.stub.state(ref)
    expect(threads).toEqual([])
    expect(comments[0]?.body).toContain('The budget of clones for today is spent')
    expect(comments[0]?.body).toContain('1 suspected')
    await it.say(ref, 'alice', '@pgwitness plan select 1')
    expect(it.stub.state(ref).comments.at(-1)?.body ?? it.stub.state(ref).threads.at(-1)?.comments.at(-1)?.body).toContain(
      '0 minutes of clones',
    )
  }, 60_000)
})
