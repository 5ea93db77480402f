import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startStub } from './fixtures/service.ts'
import { serve, variablesOf } from './fixtures/serving.ts'

const root = mkdtempSync(join(tmpdir(), 'pgwitness-test-serve-'))
const { stub, environment } = await startStub('github')
const env = variablesOf(environment)

afterAll(async () => {
  await stub[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

/** A process that hangs would not reject. */
async function refusalOf(options: Partial<Parameters<typeof serve>[0]>): Promise<string> {
  const started = serve({ dataDir: join(root, 'data'), env, port: 0, ...options })
  const message = await started.then(
    async (process) => {
      await process.stop()
      return 'it started'
    },
    (error: Error) => error.message,
  )
  expect(message).not.toMatch(/^\s+at /m)
  return message
}

test('a port that is taken ends the process, and says so', async () => {
  const other = createServer()
  await new Promise<void>((listening) => other.listen(0, '0.0.0.0', listening))
  const { port } = other.address() as { port: number }
  expect(await refusalOf({ port })).toContain('another process does. Stop that one, or choose another --port')
  other.close()
  expect(await refusalOf({ port: 65_536 })).toContain('Ports go up to 65535')
}, 60_000)

test('settings that cannot be right are told before anything begins', async () => {
  const file = join(root, 'file')
  writeFileSync(file, '')
  expect(await refusalOf({ dataDir: file })).toContain('cannot be written to: EEXIST')
  expect(await refusalOf({ env: { ...env, PGWITNESS_LOG_LEVEL: 'loud' } })).toContain('debug, info, warn, error')
  const address = await refusalOf({ env: { ...env, DATABASE_URL: 'mysql://shop:hunter2@127.0.0.1/shop' } })
  expect(address).toContain('no address of a Postgres')
  expect(address).not.toContain('hunter2')
}, 60_000)

test.each([
  ['dblab', 'needs an engine, `dblab.engines`'],
  ['template', 'PGWITNESS_TEMPLATE_URL names, and that is not set'],
])(
  'clone: %s with nothing to clone is told at the start, not under each change',
  async (clone, message) => {
    const config = join(root, `${clone}.yml`)
    writeFileSync(config, `clone: ${clone}\n`)
    expect(await refusalOf({ config })).toContain(message)
  },
  60_000,
)
