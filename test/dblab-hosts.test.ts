import { connect as connectTo, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import { hostOfClone } from '../src/clones/dblab/host-of-clone.ts'
import { dblabClones } from '../src/clones/dblab.ts'
import { ServiceError } from '../src/errors.ts'
import { type DblabStub, startDblabStub } from './fixtures/dblab/stub.ts'

const signal = new AbortController().signal
/** Loopback too, and not the address that `localhost` is: what is reached there is reached nowhere else. */
const ENGINE = '127.0.0.2'
const addresses = Object.values(networkInterfaces()).flatMap((one) => one ?? [])
const hasIpv6 = addresses.some(({ address }) => address === '::1')
const outside = addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address

/** The address of an engine's clones, as TCP: everything goes to the socket of the stub's server. */
async function openRelay(stub: DblabStub, host: string): Promise<{ port: number; connections(): number } & AsyncDisposable> {
  let count = 0
  const relay = createServer((client) => {
    count += 1
    const server = connectTo(`${stub.server.cluster.folder}/.s.PGSQL.5432`)
    client.pipe(server).pipe(client)
    client.on('error', () => server.destroy())
    server.on('error', () => client.destroy())
  })
  await new Promise<void>((resolve) => relay.listen(0, host, resolve))
  return {
    port: (relay.address() as { port: number }).port,
    connections: () => count,
    [Symbol.asyncDispose]: async () => await new Promise((resolve) => relay.close(() => resolve())),
  }
}

describe('the host of a clone', () => {
  const engine = new URL('https://dblab.example.com:2346/api')
  test.each([
    '',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'localhost.localdomain',
    'clones.localhost',
    '127.0.0.1',
    '127.0.1.1',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '0.0.0.0',
    '::',
    ' localhost ',
  ])('is the engine’s own where it says `%s`', (said) => {
    expect(hostOfClone(said, engine, undefined)).toBe('dblab.example.com')
    expect(hostOfClone(said, new URL('http://[2001:db8::7]:2345'), undefined)).toBe('2001:db8::7')
    expect(hostOfClone(said, engine, '10.1.1.1')).toBe('10.1.1.1')
  })
  test.each([
    ['clones.example.com', 'clones.example.com'],
    ['localhost.example.com', 'localhost.example.com'],
    ['notlocalhost', 'notlocalhost'],
    ['10.0.0.5', '10.0.0.5'],
    ['128.0.0.1', '128.0.0.1'],
    ['2001:db8::5', '2001:db8::5'],
    ['[2001:db8::5]', '2001:db8::5'],
    ['::ffff:10.0.0.5', '::ffff:10.0.0.5'],
  ])('is the one it says where that is %s', (said, host) => expect(hostOfClone(said, engine, undefined)).toBe(host))
  test.each([
    ['localhost', 'localhost'],
    ['[::1]', '::1'],
    ['/var/run/postgresql', '/var/run/postgresql'],
    ['', 'clones.example.com'],
    [' ', 'clones.example.com'],
  ])('is what accessHost says: `%s`', (accessHost, host) => expect(hostOfClone('clones.example.com', engine, accessHost)).toBe(host))
})

describe('clones over TCP', () => {
  let stub: DblabStub
  beforeAll(async () => {
    stub = await startDblabStub({ postgres: 16, listen: ENGINE })
    stub.faults.createMs = 10
  })
  afterAll(async () => await stub[Symbol.asyncDispose]())
  afterEach(async () => {
    await expect.poll(() => stub.clones.size, { timeout: 10_000 }).toBe(0)
  })
  async function create(more: { accessHost?: string; url?: string } = {}): Promise<Clone> {
    const engines = [{ url: stub.url, token: stub.token, ...more }]
    return await dblabClones({ engines, postgres: 16, statementMs: 5000, patience: { connectMs: 100, pollMs: 50 } }).create(
      { scripts: [] },
      signal,
    )
  }

  test.each(['', 'localhost', '::1'])('of an engine that says `%s` are where the engine is', async (said) => {
    await using relay = await openRelay(stub, ENGINE)
    stub.access = Object.assign(stub.access, { host: said, port: String(relay.port) })
    await using clone = await create()
    expect(await clone.query('select count(*) as n from customers')).toEqual([{ n: 0 }])
    await clone.restart?.(signal)
    await using other = await clone.connect?.('script', signal)
    expect(await other?.query('select 1 as one')).toEqual([{ one: 1 }])
    expect(relay.connections()).toBeGreaterThan(2)
  })
  test('whose statement is stopped are asked to over the same address', async () => {
    await using relay = await openRelay(stub, ENGINE)
    Object.assign(stub.access, { host: 'localhost', port: String(relay.port) })
    await using clone = await create()
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 300)
    await expect(clone.run('select pg_sleep(60)', stop.signal)).rejects.toThrow(/abort/i)
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test('are where accessHost says', async () => {
    await using relay = await openRelay(stub, '127.0.0.3')
    Object.assign(stub.access, { host: 'clones.invalid', port: String(relay.port) })
    await using clone = await create({ accessHost: '127.0.0.3' })
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test.skipIf(outside === undefined)('on another machine than the engine are there (needs a network)', async () => {
    await using relay = await openRelay(stub, outside ?? '')
    Object.assign(stub.access, { host: outside, port: String(relay.port) })
    await using clone = await create()
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test.skipIf(!hasIpv6)('have IPv6 addresses too (needs IPv6)', async () => {
    await using relay = await openRelay(stub, '::1')
    Object.assign(stub.access, { host: 'clones.invalid', port: String(relay.port) })
    await using clone = await create({ accessHost: '[::1]' })
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test('on a host that is not known here say what to set', async () => {
    Object.assign(stub.access, { host: 'clones.invalid', port: '6000' })
    // A machine without name servers cannot know that, and goes on asking.
    await expect(create()).rejects.toThrow(/clones\.invalid.*accessHost/)
  })
  test('that nothing listens for say what to look at', async () => {
    const { port } = await (async () => {
      await using relay = await openRelay(stub, ENGINE)
      return relay
    })()
    Object.assign(stub.access, { host: 'localhost', port: String(port) })
    const failing = create()
    await expect(failing).rejects.toThrow(ServiceError)
    await expect(failing).rejects.toThrow(/127\.0\.0\.2:\d+: .*ECONNREFUSED.*accessHost.*cloneAccessAddresses/)
  })
  test.each(['', 'none'])('with the port `%s` are none, and no other server is taken for it', async (port) => {
    Object.assign(stub.access, { host: 'localhost', port })
    await expect(create()).rejects.toThrow(/not on which port/)
  })
  test.skipIf(!hasIpv6)('of an engine at an IPv6 address are there (needs IPv6)', async () => {
    await using six = await startDblabStub({ server: stub.server, listen: '::1' })
    await using relay = await openRelay(six, '::1')
    Object.assign(six.access, { host: '127.0.0.1', port: String(relay.port) })
    expect(six.url).toMatch(/^http:\/\/\[::1\]:\d+\/api\/$/)
    await using clone = await dblabClones({ engines: [{ url: six.url, token: six.token }], postgres: 16, patience: { pollMs: 50 } }).create(
      { scripts: [] },
      signal,
    )
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
})
