/** Webhooks of the stub GitLab are as docs.gitlab.com shows them, signed. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { StubGitlab } from '../src/simulation/stub-gitlab.ts'
import { call, type Json, position, proposed, root, stub, useNew, useStubGitlab } from './fixtures/gitlab-scene.ts'

useStubGitlab()

describe('webhooks', () => {
  const payload = (...args: Parameters<StubGitlab['webhook']>) => JSON.parse(stub.webhook(...args).body) as Json

  test('prove who sent them', () => {
    const { webhookSecret, signingToken } = stub.credentials
    const { path, headers, body } = stub.webhook('opened', proposed, { delivery: 'one', sentAt: 1_790_000_000_000 })
    expect(path).toBe('/api/gitlab/webhooks')
    expect(headers).toMatchObject({
      'X-Gitlab-Event': 'Merge Request Hook',
      'X-Gitlab-Token': webhookSecret,
      'Idempotency-Key': 'one',
      'webhook-id': 'one',
    })
    expect(headers['webhook-timestamp']).toBe('1790000000')
    const key = Buffer.from(signingToken.slice('whsec_'.length), 'base64')
    expect(key).toHaveLength(32)
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(`one.1790000000.${body}`).digest('base64')}`)
    const names = (proof: 'token' | 'signature' | 'none') =>
      Object.keys(stub.webhook('opened', proposed, { proof }).headers).filter((name) => /token|signature/i.test(name))
    expect([names('token'), names('signature'), names('none')]).toEqual([['X-Gitlab-Token'], ['webhook-signature'], []])
    expect(stub.webhook('opened', proposed, { secret: 'wrong' }).headers['X-Gitlab-Token']).toBe('wrong')
  })

  test('tell of merge requests', async () => {
    await useNew({ draft: true })
    const opened = payload('opened', proposed)
    expect(opened).toMatchObject({
      object_kind: 'merge_request',
      user: { username: 'octocat' },
      project: { id: proposed.repositoryId, path_with_namespace: 'shop/tools/db' },
      object_attributes: { iid: proposed.number, action: 'open', draft: true, last_commit: { id: proposed.headSha } },
    })
    expect(opened).not.toHaveProperty('project_id')
    expect(payload('ready', proposed)).toMatchObject({
      object_attributes: { action: 'update', draft: false },
      changes: { draft: { previous: true, current: false } },
    })
    expect((await call('GET', root)).body.draft).toBe(false)
    const head = await stub.push(proposed, { 'added.sql': 'select 8;\n' })
    expect(payload('pushed', proposed).object_attributes).toMatchObject({
      action: 'update',
      oldrev: proposed.headSha,
      last_commit: { id: head },
    })
    expect(payload('updated', proposed).object_attributes).not.toHaveProperty('oldrev')
    expect(payload('closed', proposed).object_attributes).toMatchObject({ action: 'close', state: 'closed' })
    expect((await call('GET', root)).body.state).toBe('closed')
    expect(payload('reopened', proposed).object_attributes.state).toBe('opened')
    expect(payload('approved', proposed).object_attributes.action).toBe('approved')
    expect(payload('merged', proposed).object_attributes).toMatchObject({ action: 'merge', state: 'merged' })
    expect(payload('unrelated', proposed).object_kind).toBe('push')
    expect(() => stub.webhook('rerun', proposed)).toThrow(/no event/)
  })

  test('tell of comments', async () => {
    const comment = await stub.comment(proposed, 'mona', '@pgwitness review')
    expect(payload('commented', proposed, { comment })).toMatchObject({
      object_kind: 'note',
      event_type: 'note',
      user: { username: 'mona' },
      project_id: proposed.repositoryId,
      object_attributes: {
        id: comment.id,
        note: '@pgwitness review',
        action: 'create',
        system: false,
        discussion_id: comment.thread,
        type: null,
        noteable_type: 'MergeRequest',
      },
      merge_request: { iid: 1, last_commit: { id: proposed.headSha } },
    })
    expect(payload('comment-edited', proposed, { comment }).object_attributes.action).toBe('update')
    expect(payload('system-comment', proposed, { comment }).object_attributes.system).toBe(true)
    const internal = stub.webhook('internal-comment', proposed, { comment })
    expect([internal.headers['X-Gitlab-Event'], JSON.parse(internal.body).event_type]).toEqual([
      'Confidential Note Hook',
      'confidential_note',
    ])
    expect(payload('commit-comment', proposed, { comment })).not.toHaveProperty('merge_request')
    const { id } = (await call('POST', `${root}/discussions`, { body: 'Here', position: await position({ new_line: 11 }) })).body
    const answer = await stub.comment(proposed, 'mona', 'Why?', id)
    expect(answer).toEqual({ id: expect.any(Number), place: 'thread', thread: id })
    expect(payload('commented', proposed).object_attributes).toMatchObject({
      type: 'DiffNote',
      discussion_id: id,
      position: { new_line: 11 },
    })
  })
})
