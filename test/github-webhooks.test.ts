import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { githubWebhooks } from '../src/forges/github/webhooks.ts'

const SECRET = 'a secret'
const webhooks = githubWebhooks({ secrets: [SECRET] })

const source = {
  repository: { id: 42, full_name: 'octo/shop' },
  installation: { id: 9 },
  sender: { id: 1, login: 'octocat', type: 'User' },
}
const bot = { id: 2, login: 'renovate[bot]', type: 'Bot' }
const pull = { number: 7, state: 'open', draft: false, user: source.sender, head: { sha: 'a'.repeat(40) } }
const ref = { forge: 'github', repository: 'octo/shop', repositoryId: 42, number: 7, installation: 9 }

function signed(body: string, secret = SECRET): Record<string, string> {
  return { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
}

function read(name: string, payload: object) {
  return webhooks.read({ 'x-github-event': name }, Buffer.from(JSON.stringify({ ...source, ...payload })))
}

test('a signature by any of the secrets counts, and nothing else', () => {
  const body = Buffer.from('{"zen":"ä"}')
  const both = githubWebhooks({ secrets: ['new', 'old'] })
  expect(both.verify(signed(body.toString(), 'new'), body)).toBe(true)
  expect(both.verify(signed(body.toString(), 'old'), body)).toBe(true)
  expect(both.verify(signed(body.toString(), 'development'), body)).toBe(false)
  expect(both.verify(signed(body.toString(), ''), body)).toBe(false)
  expect(both.verify(signed('{"zen":"a"}', 'new'), body)).toBe(false)
  expect(both.verify({}, body)).toBe(false)
  expect(both.verify({ 'x-hub-signature-256': '' }, body)).toBe(false)
  expect(both.verify({ 'x-hub-signature-256': 'sha256=' }, body)).toBe(false)
  expect(both.verify({ 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }, body)).toBe(false)
  const sha1 = `sha1=${createHmac('sha1', 'new').update(body).digest('hex')}`
  expect(both.verify({ 'x-hub-signature': sha1, 'x-hub-signature-256': sha1 }, body)).toBe(false)
})

test('there are no webhooks without a secret', () => {
  expect(() => githubWebhooks({ secrets: [] })).toThrow(/secret/)
  expect(() => githubWebhooks({ secrets: [''] })).toThrow(/secret/)
})

test.each(['opened', 'synchronize', 'reopened', 'ready_for_review'])('%s proposes a change', async (action) => {
  expect(await read('pull_request', { action, pull_request: pull })).toEqual([
    { kind: 'proposed', ref, headSha: pull.head.sha, isDraft: false },
  ])
})

test('a draft is a draft, and a closed one closed whoever did it', async () => {
  const draft = await read('pull_request', { action: 'converted_to_draft', pull_request: { ...pull, draft: true } })
  expect(draft).toMatchObject([{ kind: 'proposed', isDraft: true }])
  const closed = { action: 'closed', sender: bot, pull_request: { ...pull, state: 'closed' } }
  expect(await read('pull_request', closed)).toEqual([{ kind: 'closed', ref }])
})

test('another target branch is another change, another title is none', async () => {
  const retargeted = { action: 'edited', changes: { base: { ref: { from: 'main' } } }, pull_request: pull }
  expect(await read('pull_request', retargeted)).toMatchObject([{ kind: 'proposed' }])
  const retitled = { action: 'edited', changes: { title: { from: 'x' } }, pull_request: pull }
  expect(await read('pull_request', retitled)).toMatchObject([{ kind: 'ignored' }])
})

test('requests of bots are ignored, what bots push to those of persons is not', async () => {
  expect(await read('pull_request', { action: 'opened', sender: bot, pull_request: { ...pull, user: bot } })).toMatchObject([
    { kind: 'ignored' },
  ])
  expect(await read('pull_request', { action: 'synchronize', sender: bot, pull_request: pull })).toMatchObject([{ kind: 'proposed' }])
})

test('comments on pull requests tell where they are and who wrote them', async () => {
  const comment = { id: 5, body: '@pgwitness review', user: source.sender }
  const author = { id: 1, login: 'octocat', isBot: false }
  const told = { kind: 'commented', ref, author, text: '@pgwitness review' }
  const issue = { number: 7, pull_request: { url: 'x' } }
  expect(await read('issue_comment', { action: 'created', issue, comment })).toEqual([
    { ...told, comment: { id: 5, place: 'conversation' } },
  ])
  expect(await read('issue_comment', { action: 'created', issue: { number: 7 }, comment })).toMatchObject([{ kind: 'ignored' }])
  expect(await read('pull_request_review_comment', { action: 'created', pull_request: pull, comment })).toEqual([
    { ...told, comment: { id: 5, place: 'thread', thread: '5' } },
  ])
  const reply = { ...comment, in_reply_to_id: 3 }
  expect(await read('pull_request_review_comment', { action: 'created', pull_request: pull, comment: reply })).toEqual([
    { ...told, comment: { id: 5, place: 'thread', thread: '3' } },
  ])
})

test('comments of bots, of accounts that are gone, and edited ones are ignored', async () => {
  const issue = { number: 7, pull_request: { url: 'x' } }
  for (const [action, user] of [
    ['created', bot],
    ['created', null],
    ['edited', source.sender],
    ['deleted', source.sender],
  ] as const)
    expect(await read('issue_comment', { action, issue, comment: { id: 5, body: '@pgwitness review', user } })).toMatchObject([
      { kind: 'ignored' },
    ])
})

test('a re-run is told for pull requests of forks too', async () => {
  const run = { name: 'pgwitness', external_id: 'pgwitness:7:0123456789abcdef', pull_requests: [] }
  expect(await read('check_run', { action: 'rerequested', check_run: run })).toEqual([{ kind: 'rerun', ref }])
  expect(await read('check_run', { action: 'requested_action', check_run: run })).toEqual([{ kind: 'rerun', ref }])
  const other = { ...run, name: 'build' }
  expect(await read('check_run', { action: 'rerequested', check_run: other })).toMatchObject([{ kind: 'ignored' }])
  const pull_requests = [
    { number: 7, base: { repo: { id: 42 } } },
    { number: 8, base: { repo: { id: 43 } } },
  ]
  expect(await read('check_suite', { action: 'rerequested', check_suite: { pull_requests } })).toEqual([{ kind: 'rerun', ref }])
})

test('what is no event, or not as described, is ignored and says why', async () => {
  expect(await webhooks.read({}, Buffer.from('{}'))).toMatchObject([{ kind: 'ignored', reason: expect.stringContaining('X-GitHub-Event') }])
  const form = await webhooks.read({ 'x-github-event': 'push' }, Buffer.from('payload=%7B%7D'))
  expect(form).toMatchObject([{ kind: 'ignored', reason: expect.stringContaining('application/json') }])
  expect(await read('push', {})).toMatchObject([{ kind: 'ignored', reason: 'nothing to do for push' }])
  expect(await read('__proto__', { action: 'constructor' })).toMatchObject([{ kind: 'ignored' }])
  const odd = await read('pull_request', { action: 'opened', pull_request: { number: 'seven' } })
  expect(odd).toMatchObject([{ kind: 'ignored', reason: expect.stringContaining('pull_request.number') }])
})

test('many at once are not mixed up', async () => {
  const numbers = Array.from({ length: 50 }, (_, index) => index + 1)
  const all = await Promise.all(numbers.map((number) => read('pull_request', { action: 'opened', pull_request: { ...pull, number } })))
  expect(all.map(([event]) => event?.kind === 'proposed' && event.ref.number)).toEqual(numbers)
})
