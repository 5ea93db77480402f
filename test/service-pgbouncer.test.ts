import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import type { StubMergeRequest } from '../src/simulation/stub-forge.ts'
import { STORAGES } from './fixtures/databases.ts'
import { ORDERS, startStub } from './fixtures/service.ts'
import { type Serving, serve, variablesOf } from './fixtures/serving.ts'

const pooled = STORAGES.find(({ name }) => name.startsWith('PgBouncer'))
const INDEX = { 'migrations/002_index.sql': 'create index orders_customer on orders (customer_id);\n' }
const root = mkdtempSync(join(tmpdir(), 'pgwitness-test-processes-'))
const processes: Serving[] = []

// Ends in this order also when something failed before.
afterAll(async () => {
  await Promise.all(processes.map((one) => one.stop()))
  rmSync(root, { recursive: true, force: true })
})

test('half a service without a database for both halves says so', async () => {
  const { stub, environment } = await startStub('github')
  await using _ = stub
  const started = serve({ role: 'worker', dataDir: join(root, 'alone'), env: variablesOf(environment) })
  await expect(started).rejects.toThrow('--role worker needs the other half to work with: set DATABASE_URL')
})

describe.skipIf(pooled?.missing !== undefined)('processes through PgBouncer in transaction mode', async () => {
  if (!pooled || pooled.missing !== undefined) return
  const storage = await pooled.start()
  const { stub, environment } = await startStub('gitlab')
  afterAll(async () => {
    await Promise.all(processes.map((one) => one.stop()))
    await stub[Symbol.asyncDispose]()
    await storage[Symbol.asyncDispose]()
  })

  test('start together on an empty database, do each thing once, and tell how they are', async () => {
    const address = await storage.create()
    if (address.kind !== 'postgres') throw new Error('PgBouncer has an address')
    const env = { ...variablesOf(environment), DATABASE_URL: address.url, PGWITNESS_CACHE_DIR: join(root, 'cache') }
    const config = join(root, 'config.yml')
    writeFileSync(config, 'concurrency: 1\n')
    const roles = ['web', 'worker', 'worker'] as const
    processes.push(
      ...(await Promise.all(
        roles.map((role, index) =>
          // The last one is not told where to listen.
          serve({ role, dataDir: join(root, `data-${index}`), env, config, ...(index < 2 && { port: 0 }) }),
        ),
      )),
    )
    const [web, worker, silent] = processes as [Serving, Serving, Serving]
    expect(silent.url).toBe('')

    const refs: StubMergeRequest[] = []
    for (const repository of ['shop/api', 'shop/web']) {
      for (let n = 0; n < 2; n += 1) refs.push(await stub.addMergeRequest({ repository, base: ORDERS, head: INDEX, author: 'alice' }))
    }
    const webhooks = refs.flatMap((ref) => {
      const opened = stub.webhook('opened', ref)
      return [opened, stub.webhook('pushed', ref), opened]
    })
    const answers = await Promise.all(
      webhooks.map(async ({ path, headers, body }) => {
        const response = await fetch(`${web.url}${path}`, { method: 'POST', headers, body })
        return `${response.status} ${(await response.text()).trim()}`
      }),
    )
    expect(answers.filter((answer) => answer === '202 Queued.')).toHaveLength(8)
    expect(answers.filter((answer) => answer === '202 Seen before.')).toHaveLength(4)

    const metrics = async ({ url }: Serving) => await (await fetch(`${url}/metrics`)).text()
    while (!/pgwitness_jobs\{state="waiting"\} 0\npgwitness_jobs\{state="running"\} 0\n/.test(await metrics(web))) await sleep(200)
    expect(await metrics(web)).toContain('pgwitness_jobs{state="failed"} 0')
    for (const ref of refs) {
      const { comments, threads, statuses } = stub.state(ref)
      expect(comments).toHaveLength(1)
      expect(threads).toMatchObject([{ path: 'migrations/002_index.sql', line: 1, resolved: false }])
      expect(statuses).toMatchObject([{ sha: ref.headSha, state: 'failed' }])
    }
    expect(stub.violations).toEqual([])

    // What a worker did is told where it listens; it takes no webhooks.
    expect(await metrics(worker)).toMatch(/pgwitness_job_seconds_count\{kind="review",state="done"\} [1-9]/)
    expect(await metrics(worker)).toMatch(/pgwitness_forge_requests_total\{forge="gitlab",status="201"\} [1-9]/)
    expect((await fetch(`${worker.url}/readyz`)).status).toBe(200)
    const [first] = webhooks
    expect((await fetch(`${worker.url}${first?.path}`, { method: 'POST', body: '{}' })).status).toBe(404)
    for (const one of processes) expect(one.logged().warnings).toEqual([])
    expect(await Promise.all(processes.map((one) => one.stop()))).toEqual([0, 0, 0])
  }, 240_000)
})
