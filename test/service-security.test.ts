import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { readServiceEnvironment } from '../src/config.ts'
import { ConfigFile } from '../src/config-file.ts'
import { configInForce, parseServiceConfig } from '../src/service-config.ts'
import { startForgeAndService } from './fixtures/service.ts'

const CANARY = 'canary-7f3a9d'

describe.each(['github', 'gitlab'] as const)('%s', async (name) => {
  const it = await startForgeAndService(name, 'repositories: ["shop/*"]')
  const path = `/api/${name}/webhooks`
  afterAll(async () => await it[Symbol.asyncDispose]())
  /** Nothing came of it. */
  const nothing = async () => {
    expect(await it.service.queue.counts()).toMatchObject({ waiting: 0, running: 0 })
  }

  test('a webhook that is not signed is refused before it is parsed, and the log has nothing of it', async () => {
    const ref = await it.propose()
    const { headers, body } = it.stub.webhook('opened', ref)
    const unsigned = Object.fromEntries(Object.entries(headers).filter(([key]) => !/signature|token/i.test(key)))
    expect((await it.send({ path, headers: unsigned, body })).status).toBe(401)
    expect((await it.send({ path, headers: unsigned, body: `{"${CANARY}":` })).status).toBe(401)
    expect((await it.send({ path, headers: { ...headers, ...forged(headers, body) }, body })).status).toBe(401)
    expect((await it.send({ path, headers, body: body.replace('alice', CANARY) })).status).toBe(401)
    const wrong = it.stub.webhook('opened', ref, {
      secret: name === 'github' ? 'guess' : `whsec_${Buffer.from('guess').toString('base64')}`,
    })
    expect((await it.send(wrong)).status).toBe(401)
    expect(it.logs()).not.toContain(CANARY)
    await nothing()
  })

  function forged(headers: Record<string, string>, body: string): Record<string, string> {
    const digest = createHmac('sha256', 'guess').update(body).digest()
    return name === 'github'
      ? { 'x-hub-signature-256': `sha256=${digest.toString('hex')}` }
      : { 'webhook-signature': `v1,${digest.toString('base64')}`, 'x-gitlab-token': headers['x-gitlab-token'] ?? '' }
  }

  if (name === 'gitlab') {
    test('with a signing token the secret token alone is not enough', async () => {
      const ref = await it.propose()
      const { headers, body } = it.stub.webhook('opened', ref)
      const downgraded = Object.fromEntries(Object.entries(headers).filter(([key]) => !/^webhook-/i.test(key)))
      expect((await it.send({ path, headers: { ...downgraded, 'x-gitlab-token': it.secrets[1] ?? '' }, body })).status).toBe(401)
      await nothing()
    })
    test('a delivery that is sent again under another key is the same', async () => {
      const ref = await it.propose({ head: { 'README.md': 'x' } })
      const webhook = it.stub.webhook('opened', ref)
      expect((await it.send(webhook)).text).toContain('Queued')
      const others = Object.fromEntries(Object.entries(webhook.headers).filter(([key]) => !/idempotency|uuid/i.test(key)))
      expect((await it.send({ ...webhook, headers: { ...others, 'Idempotency-Key': 'another' } })).text).toContain('Seen before')
      await it.idle()
    })
    test.each([-6 * 60_000, 6 * 60_000])('a signature %i ms from now is refused', async (offset) => {
      const ref = await it.propose()
      expect(await it.deliver('opened', ref, { sentAt: Date.now() + offset })).toBe(401)
      await nothing()
    })
  } else {
    test('the secret from before counts as long as it is named', async () => {
      const ref = await it.propose({ head: { 'README.md': 'x' } })
      expect(await it.deliver('opened', ref, { secret: 'the-old-secret' })).toBe(202)
      await it.idle()
    })
  }

  test('a delivery that is sent again does nothing', async () => {
    const ref = await it.propose({ head: { 'README.md': 'x' } })
    const webhook = it.stub.webhook('opened', ref)
    expect(await it.send(webhook)).toMatchObject({ status: 202, text: expect.stringContaining('Queued') })
    expect(await it.send(webhook)).toMatchObject({ status: 202, text: expect.stringContaining('Seen before') })
    await it.idle()
    expect(await it.send(webhook)).toMatchObject({ status: 202, text: expect.stringContaining('Seen before') })
  })

  test('other repositories are none of ours', async () => {
    const ref = await it.propose({ repository: 'stranger/api' })
    expect(await it.send(it.stub.webhook('opened', ref))).toMatchObject({ status: 202, text: expect.stringContaining('Nothing to do') })
    await nothing()
    expect(it.stub.state(ref).statuses).toEqual([])
  })

  test('other contents, methods and paths are refused', async () => {
    const ref = await it.propose()
    const { headers: given, body } = it.stub.webhook('opened', ref)
    const headers = Object.fromEntries(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value]))
    expect((await it.send({ path, headers: { ...headers, 'content-type': 'text/plain' }, body })).status).toBe(415)
    expect(
      (await it.send({ path, headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body: 'payload=x' })).status,
    ).toBe(415)
    expect((await fetch(`${it.url}${path}`)).status).toBe(405)
    for (const other of ['/', '/api', '/etc/passwd', '/%2e%2e/etc/passwd', `${path}/x`, '//', '//x', '/healthz/x'])
      expect((await fetch(`${it.url}${other}`)).status).toBe(404)
    await nothing()
  })

  test('a body that is too large is not read to its end', async () => {
    const status = await raw([`POST ${path} HTTP/1.1`, 'host: x', 'content-type: application/json', `content-length: ${10 ** 10}`, '', '{'])
    expect(status).toMatch(/^HTTP\/1\.1 413/)
    const chunk = 'x'.repeat(1024 * 1024)
    const sent = await raw(
      [`POST ${path} HTTP/1.1`, 'host: x', 'content-type: application/json', 'transfer-encoding: chunked', '', ''],
      (write) => {
        for (let index = 0; index < 40; index += 1) write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)
      },
    )
    expect(sent).toMatch(/^HTTP\/1\.1 413/)
    expect((await fetch(`${it.url}/healthz`)).status).toBe(200)
  })

  /** Speaks HTTP by hand; the beginning of what comes back. */
  function raw(head: string[], more: (write: (text: string) => void) => void = () => {}): Promise<string> {
    const { port } = new URL(it.url)
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(head.join('\r\n'))
        more((text) => void socket.write(text))
      })
      socket.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve('') : reject(error),
      )
      socket.once('data', (data: Buffer) => {
        resolve(data.toString())
        socket.destroy()
      })
    })
  }

  test('names and texts of the change stay text', async () => {
    const ref = await it.propose({
      title: '<!-- pgwitness:summary --> @everyone ![x](https://example.com/x.png)',
      head: {
        'migrations/002_<img src=x onerror=alert(1)>|@everyone.sql':
          'alter table orders add column "<img src=x>@everyone](javascript:x)" uuid not null default gen_random_uuid();\n-- <!-- pgwitness:told 00 -->\n',
        'migrations/003_$(touch x)`id`.sql': 'create index "--><script>" on orders (note);\n/merge\n',
      },
    })
    await it.deliver('opened', ref)
    await it.idle()
    const { comments, threads } = it.stub.state(ref)
    const ours = [...comments, ...threads.flatMap((thread) => thread.comments)].map(({ body }) => body)
    expect(ours.length).toBeGreaterThan(1)
    for (const body of ours) {
      const prose = body.replace(/^(`{3,})[\s\S]*?^\1/gm, '').replace(/(`+)[^`][\s\S]*?\1/g, '')
      expect(prose).not.toMatch(/<img|<script|@everyone|\]\(javascript/)
      expect(body).not.toMatch(/^\/merge/m)
    }
  }, 120_000)

  test('what is not there any more ends without complaint', async () => {
    const ref = await it.propose()
    const webhook = it.stub.webhook('opened', ref)
    it.stub.hide(ref)
    expect((await it.send(webhook)).status).toBe(202)
    await it.idle()
    expect((await it.service.queue.counts()).failed).toBe(0)
    it.stub.hide(ref, false)
  })

  test('metrics and health tell nothing of anybody', async () => {
    const metrics = await (await fetch(`${it.url}/metrics`)).text()
    expect(metrics).toContain('pgwitness_webhooks_total')
    expect(metrics).toMatch(/pgwitness_webhooks_total\{forge="\w+",outcome="unsigned"\} [1-9]/)
    expect(metrics).not.toMatch(/shop|alice/)
    expect(await (await fetch(`${it.url}/readyz`)).text()).toBe('ok\n')
    for (const secret of it.secrets) expect(`${metrics}${it.logs()}`).not.toContain(secret)
  })
})

describe('the environment', () => {
  const GITHUB = { PGWITNESS_GITHUB_APP_ID: '1', PGWITNESS_GITHUB_PRIVATE_KEY: 'key', PGWITNESS_GITHUB_WEBHOOK_SECRET: 'secret' }
  test.each<[NodeJS.ProcessEnv, RegExp]>([
    [{}, /No forge is configured/],
    [{ ...GITHUB, PGWITNESS_GITHUB_WEBHOOK_SECRET: '' }, /PGWITNESS_GITHUB_WEBHOOK_SECRET/],
    [{ ...GITHUB, PGWITNESS_GITHUB_WEBHOOK_SECRET: ' , ' }, /PGWITNESS_GITHUB_WEBHOOK_SECRET/],
    [{ PGWITNESS_GITHUB_APP_ID: '1' }, /PRIVATE_KEY, PGWITNESS_GITHUB_WEBHOOK_SECRET/],
    [{ PGWITNESS_GITLAB_TOKEN: 't' }, /WEBHOOK_SECRET or PGWITNESS_GITLAB_SIGNING_TOKEN/],
    [{ PGWITNESS_GITLAB_TOKEN: 't', PGWITNESS_GITLAB_SIGNING_TOKEN: 'plain' }, /whsec_/],
    [{ ...GITHUB, PGWITNESS_GITHUB_URL: 'ftp://x' }, /PGWITNESS_GITHUB_URL/],
  ])('%j is refused', (env, message) => expect(() => readServiceEnvironment(env)).toThrow(message))
  test('a forge is on when its variables are set', () => {
    expect(readServiceEnvironment(GITHUB)).toMatchObject({ github: { webhookSecrets: ['secret'] }, gitlab: undefined })
  })
})

describe('the configuration in force', () => {
  const repository = (text: object) => ConfigFile.parse(text)
  const service = parseServiceConfig(
    'clone: dblab\ndblab: { engines: [{ url: "https://dblab.example.com" }] }\nlimits: { reviewSeconds: 60 }',
    'x',
  )
  const forClone = (clone: string | undefined, isTrusted: boolean) =>
    configInForce(repository(clone === undefined ? {} : { clone }), service, { isTrusted, isCloneChosen: clone !== undefined }).config.clone

  test.each<[string | undefined, boolean, string]>([
    [undefined, true, 'dblab'],
    [undefined, false, 'auto'],
    ['none', true, 'none'],
    ['embedded', false, 'embedded'],
    ['dblab', true, 'dblab'],
    ['dblab', false, 'auto'],
    ['template', true, 'dblab'],
    ['postgres://u:secret@host/db', true, 'dblab'],
    ['postgres://u:secret@host/db', false, 'auto'],
  ])('%s, trusted %s: %s', (clone, isTrusted, expected) => expect(forClone(clone, isTrusted)).toBe(expected))
  test('engines and their tokens come from the operator, limits are the lower ones, and no note has a password', () => {
    const evil = repository({
      clone: 'postgres://u:secret@host/db',
      dblab: { engines: [{ url: 'https://evil.example.com', tokenVariable: 'PGWITNESS_GITHUB_PRIVATE_KEY' }] },
      limits: { reviewSeconds: 86_400 },
    })
    const { config, notes } = configInForce(evil, service, { isTrusted: true, isCloneChosen: true })
    expect(config.dblab.engines).toMatchObject([{ url: 'https://dblab.example.com', tokenVariable: 'PGWITNESS_DBLAB_TOKEN' }])
    expect(config.limits.reviewSeconds).toBe(60)
    expect(notes.join()).not.toContain('secret')
  })
})
