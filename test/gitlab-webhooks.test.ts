/** GitLab's webhooks: who sent them, and what they say. */
import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { UserError } from '../src/errors.ts'
import { gitlabWebhooks } from '../src/forges/gitlab/webhooks.ts'
import { gitlabForge } from '../src/forges/gitlab.ts'
import { startStubGitlab } from '../src/simulation/stub-gitlab.ts'

const NOW = new Date('2026-11-20T12:00:00Z')
const BODY = Buffer.from('{"object_kind":"note"}')
const SECRET = 'canary-secret-of-the-webhook'
const TOKEN = `whsec_${randomBytes(32).toString('base64')}`

function signed(token: string, { id = 'msg_1', at = NOW, body = BODY } = {}) {
  const seconds = String(Math.floor(at.getTime() / 1000))
  const key = Buffer.from(token.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` }
}

const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000)

describe('the secret token', () => {
  const { verify } = gitlabWebhooks({ secrets: [SECRET, 'the one before'], signingTokens: [], ownUserId: 1 })

  test.each([
    ['the secret', { 'x-gitlab-token': SECRET }, true],
    ['the one before, while it is changed', { 'x-gitlab-token': 'the one before' }, true],
    ['another', { 'x-gitlab-token': 'another' }, false],
    ['the start of it', { 'x-gitlab-token': SECRET.slice(0, -1) }, false],
    ['an empty one', { 'x-gitlab-token': '' }, false],
    ['none', {}, false],
    ['only a signature, which nobody can check', signed(TOKEN), false],
    ['the secret, with a signature that nobody can check', { ...signed(TOKEN), 'x-gitlab-token': SECRET }, true],
  ])('%s', (_, headers, isOurs) => expect(verify(headers, BODY, NOW)).toBe(isOurs))
})

describe('the signature', () => {
  const other = `whsec_${randomBytes(32).toString('base64')}`
  const { verify } = gitlabWebhooks({ secrets: [SECRET], signingTokens: [TOKEN], ownUserId: 1 })
  const right = signed(TOKEN)

  test('is that of Standard Webhooks, by its published example', () => {
    const example = gitlabWebhooks({ secrets: [], signingTokens: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], ownUserId: undefined })
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    expect(example.verify(headers, Buffer.from('{"test": 2432232314}'), new Date(1614265330_000))).toBe(true)
    expect(example.verify(headers, Buffer.from('{"test": 2432232315}'), new Date(1614265330_000))).toBe(false)
  })

  test.each([
    ['right', right, true],
    ['no signature but the right secret: no way back to the weaker one', { 'x-gitlab-token': SECRET }, false],
    ['a wrong signature and the right secret', { ...signed(other), 'x-gitlab-token': SECRET }, false],
    ['an empty signature and the right secret', { ...right, 'webhook-signature': '', 'x-gitlab-token': SECRET }, false],
    ['of another key', signed(other), false],
    ['one of several', { ...right, 'webhook-signature': `${signed(other)['webhook-signature']} ${right['webhook-signature']}` }, true],
    ['of a version we do not know', { ...right, 'webhook-signature': right['webhook-signature'].replace('v1,', 'v1a,') }, false],
    ['cut off', { ...right, 'webhook-signature': right['webhook-signature'].slice(0, 20) }, false],
    ['for another delivery', { ...right, 'webhook-id': 'msg_2' }, false],
    ['for another time', { ...right, 'webhook-timestamp': String(NOW.getTime() / 1000 + 1) }, false],
    ['without an id', { ...right, 'webhook-id': undefined }, false],
    ['without a time', { ...right, 'webhook-timestamp': undefined }, false],
    ['with words for a time', { ...right, 'webhook-timestamp': 'now' }, false],
    ['five minutes old', signed(TOKEN, { at: minutes(-5) }), true],
    ['older', signed(TOKEN, { at: new Date(minutes(-5).getTime() - 1000) }), false],
    ['five minutes ahead', signed(TOKEN, { at: minutes(5) }), true],
    ['further ahead', signed(TOKEN, { at: new Date(minutes(5).getTime() + 1000) }), false],
  ])('%s', (_, headers, isOurs) => expect(verify(headers, BODY, NOW)).toBe(isOurs))

  test('of either key while it is changed', () => {
    const both = gitlabWebhooks({ secrets: [], signingTokens: [other, TOKEN], ownUserId: 1 })
    expect(both.verify(right, BODY, NOW)).toBe(true)
    expect(both.verify(signed(other), BODY, NOW)).toBe(true)
  })

  test('covers the bytes of the body', () => {
    expect(verify(right, Buffer.concat([BODY, Buffer.from(' ')]), NOW)).toBe(false)
    const binary = Buffer.from([0xff, 0xfe, 0x00, 0x7b])
    const key = Buffer.from(TOKEN.slice(6), 'base64')
    const signature = createHmac('sha256', key)
      .update(`a.${NOW.getTime() / 1000}.`)
      .update(binary)
      .digest('base64')
    const headers = { 'webhook-id': 'a', 'webhook-timestamp': String(NOW.getTime() / 1000), 'webhook-signature': `v1,${signature}` }
    expect(verify(headers, binary, NOW)).toBe(true)
  })
})

test.each([
  ['no secret at all', { secrets: [], signingTokens: [] }],
  ['an empty secret', { secrets: [SECRET, ' '], signingTokens: [] }],
  ['a signing token without its start', { secrets: [], signingTokens: [TOKEN.slice(6)] }],
  ['a short signing token', { secrets: [], signingTokens: ['whsec_Y2FuYXJ5'] }],
  ['something else for a signing token', { secrets: [SECRET], signingTokens: ['canary'] }],
])('%s is refused at the start, and not quoted', (_, options) => {
  const start = () => gitlabWebhooks({ ...options, ownUserId: 1 })
  expect(start).toThrow(UserError)
  expect(start).not.toThrow(/canary|Y2FuYXJ5/)
})

const PROJECT = { id: 42, name: 'shop', path_with_namespace: 'acme/backend/shop', web_url: 'https://gitlab.example.com/acme/backend/shop' }
const REF = { forge: 'gitlab', repository: 'acme/backend/shop', repositoryId: 42, number: 7 }
const SHA = 'da1560886d4f094c3e6c9ef40349f7d38b5d27d7'
const { read } = gitlabWebhooks({ secrets: [SECRET], signingTokens: [], ownUserId: 99 })

function mergeRequest(attributes: object, changes: object = {}) {
  const body = {
    object_kind: 'merge_request',
    event_type: 'merge_request',
    user: { id: 1, name: 'Ada', username: 'ada', avatar_url: null, email: '[REDACTED]' },
    project: PROJECT,
    object_attributes: {
      id: 900,
      iid: 7,
      state: 'opened',
      draft: false,
      title: 'Index',
      last_commit: { id: SHA, message: 'x' },
      ...attributes,
    },
    labels: [],
    changes,
  }
  return read({ 'x-gitlab-event': 'Merge Request Hook' }, Buffer.from(JSON.stringify(body)))
}

describe('a merge request', () => {
  const proposed = { kind: 'proposed', ref: REF, headSha: SHA, isDraft: false }

  test.each([
    ['opened', { action: 'open' }, {}, proposed],
    ['opened as a draft', { action: 'open', draft: true }, {}, { ...proposed, isDraft: true }],
    [
      'opened as a draft, said as old versions say it',
      { action: 'open', draft: undefined, work_in_progress: true },
      {},
      { ...proposed, isDraft: true },
    ],
    ['reopened', { action: 'reopen' }, {}, proposed],
    ['pushed to', { action: 'update', oldrev: 'e59094b8de0f2f91abbe4760a52d9137260252d8' }, {}, proposed],
    ['made ready', { action: 'update' }, { draft: { previous: true, current: false }, title: {} }, proposed],
    ['for another branch now', { action: 'update' }, { target_branch: { previous: 'main', current: 'stable' } }, proposed],
    ['closed', { action: 'close', state: 'closed' }, {}, { kind: 'closed', ref: REF }],
    ['merged', { action: 'merge', state: 'merged' }, {}, { kind: 'closed', ref: REF }],
  ])('%s', (_, attributes, changes, event) => expect(mergeRequest(attributes, changes)).toEqual([event]))

  test.each([
    ['labelled', { action: 'update' }, { labels: { previous: [], current: [] } }],
    ['updated, and nobody says how', { action: 'update' }, {}],
    ['made a draft', { action: 'update' }, { draft: { previous: false, current: true } }],
    ['approved', { action: 'approved' }, {}],
    ['unapproved', { action: 'unapproval' }, {}],
    ['without commits', { action: 'open', last_commit: null }, {}],
    ['without an action', {}, {}],
  ])('%s is nothing for us', (_, attributes, changes) => expect(mergeRequest(attributes, changes)).toMatchObject([{ kind: 'ignored' }]))
})

function note(attributes: object = {}, rest: object = {}) {
  const body = {
    object_kind: 'note',
    event_type: 'note',
    user: { id: 1, name: 'Ada', username: 'ada' },
    project_id: 42,
    project: PROJECT,
    object_attributes: {
      id: 1244,
      note: '@pgwitness help',
      noteable_type: 'MergeRequest',
      author_id: 1,
      project_id: 42,
      type: null,
      system: false,
      internal: false,
      action: 'create',
      discussion_id: '3af3b0d3a9e6b1f5c1a2',
      ...attributes,
    },
    merge_request: { id: 900, iid: 7, state: 'opened' },
    ...rest,
  }
  return read({ 'x-gitlab-event': 'Note Hook' }, Buffer.from(JSON.stringify(body)))
}

describe('a note', () => {
  const commented = {
    kind: 'commented',
    ref: REF,
    comment: { id: 1244, place: 'conversation', thread: '3af3b0d3a9e6b1f5c1a2' },
    author: { id: 1, login: 'ada', isBot: false },
    text: '@pgwitness help',
  }
  const inThread = { ...commented, comment: { ...commented.comment, place: 'thread' } }

  test('on the overview', () => expect(note()).toEqual([commented]))
  test('in a thread at a line', () => expect(note({ type: 'DiffNote' })).toEqual([inThread]))
  test('in a thread on the overview', () => expect(note({ type: 'DiscussionNote' })).toEqual([inThread]))
  test('from a version that does not tell actions', () => expect(note({ action: undefined })).toEqual([commented]))

  test.each([
    ['of the system', { system: true }, {}],
    ['internal', { internal: true }, {}],
    ['confidential, as old versions say it', {}, { event_type: 'confidential_note' }],
    ['edited', { action: 'update' }, {}],
    ['on a commit', { noteable_type: 'Commit' }, { merge_request: undefined }],
    ['on an issue', { noteable_type: 'Issue' }, { merge_request: undefined }],
    ['of our own', { author_id: 99 }, { user: { id: 99, username: 'reviews' } }],
    ["of a project's bot", { author_id: 5 }, { user: { id: 5, username: 'project_42_bot_1f6b8e0c7f5d4f3a9c2b' } }],
    ["of a group's bot", { author_id: 5 }, { user: { id: 5, username: 'group_3_bot' } }],
    ['of a service account', { author_id: 5 }, { user: { id: 5, username: 'service_account_group_9_a1' } }],
    ['of a bot by its name', { author_id: 5 }, { user: { id: 5, username: 'renovate-bot' } }],
  ])('%s is nothing for us', (_, attributes, rest) => expect(note(attributes, rest)).toMatchObject([{ kind: 'ignored' }]))
})

test('other events are nothing for us', () => {
  expect(read({ 'x-gitlab-event': 'Pipeline Hook' }, Buffer.from('{}'))).toMatchObject([{ kind: 'ignored' }])
  expect(read({}, Buffer.from('{}'))).toMatchObject([{ kind: 'ignored' }])
})

describe('what GitLab does not send', () => {
  test.each(['{', '[]', 'null', '{"object_attributes":{}}'])('%s', (body) => {
    for (const event of ['Note Hook', 'Merge Request Hook']) expect(() => read({ 'x-gitlab-event': event }, Buffer.from(body))).toThrow()
  })
  test('a discussion that is a path', () => expect(() => note({ discussion_id: '../../4' })).toThrow())
  test('a commit that is an option', () => expect(() => mergeRequest({ action: 'open', last_commit: { id: '--upload-pack=x' } })).toThrow())
  test('a number that is none', () => expect(() => mergeRequest({ action: 'open', iid: -7 })).toThrow())
})

test('what an instance sends is verified and read, and its comments are found again', async () => {
  await using stub = await startStubGitlab()
  const { webhookSecret, signingToken, token } = stub.credentials
  const hooks = gitlabWebhooks({ secrets: [webhookSecret], signingTokens: [signingToken], ownUserId: stub.bot.id })
  const {
    headSha,
    baseSha: _,
    ...ref
  } = await stub.addMergeRequest({ repository: 'acme/backend/shop', base: {}, head: { 'a.sql': '1\n' } })
  type Kind = Parameters<typeof stub.webhook>[0]
  const receive = (kind: Kind, details: Parameters<typeof stub.webhook>[2] = {}) => {
    const sent = stub.webhook(kind, ref, details)
    const headers = Object.fromEntries(Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]))
    const body = Buffer.from(sent.body)
    return { isOurs: hooks.verify(headers, body, new Date()), event: hooks.read(headers, body)[0] }
  }
  const proposed = { kind: 'proposed', ref, headSha, isDraft: false }
  const events: Array<[Kind, object]> = [
    ['opened', proposed],
    ['pushed', proposed],
    ['draft', { kind: 'ignored' }],
    ['ready', proposed],
    ['closed', { kind: 'closed', ref }],
    ['reopened', proposed],
    ['updated', { kind: 'ignored' }],
    ['approved', { kind: 'ignored' }],
    ['unrelated', { kind: 'ignored' }],
    ['comment-edited', { kind: 'ignored' }],
    ['system-comment', { kind: 'ignored' }],
    ['internal-comment', { kind: 'ignored' }],
    ['commit-comment', { kind: 'ignored' }],
    ['merged', { kind: 'closed', ref }],
  ]
  for (const [kind, event] of events) expect([kind, receive(kind)]).toMatchObject([kind, { isOurs: true, event }])
  for (const proof of ['token', 'none'] as const) expect(receive('opened', { proof }).isOurs).toBe(false)
  expect(receive('opened', { proof: 'signature' }).isOurs).toBe(true)
  expect(receive('opened', { sentAt: Date.now() - 6 * 60_000 }).isOurs).toBe(false)

  const comment = await stub.comment(ref, 'ada', '@pgwitness help')
  const { event } = receive('commented', { comment })
  expect(event).toMatchObject({ kind: 'commented', ref, comment, author: { login: 'ada' }, text: '@pgwitness help' })
  if (event?.kind !== 'commented') throw new Error('no comment')
  const forge = gitlabForge({ url: stub.url, token })
  const signal = AbortSignal.timeout(60_000)
  expect(await forge.fetchComment(event.ref, event.comment, signal)).toMatchObject({ author: event.author, text: event.text })
  await forge.ensureReply(event.ref, event.comment, 'Help.', signal)
  const answer = stub.state(ref).comments.find(({ author }) => author === stub.bot.username)
  const own = receive('commented', { comment: { id: answer?.id ?? 0, place: 'conversation', thread: comment.thread } })
  expect(own.event).toMatchObject({ kind: 'ignored' })
  expect(stub.violations).toEqual([])
})
