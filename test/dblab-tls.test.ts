import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import type { DblabEngine } from '../src/clones/dblab/choose-engine.ts'
import { dblabClones } from '../src/clones/dblab.ts'
import { ServiceError, UserError } from '../src/errors.ts'
import { certificateFile, type DblabStub, startDblabStub } from './fixtures/dblab/stub.ts'

const signal = new AbortController().signal
const caFile = certificateFile('authority.pem')
let stub: DblabStub
beforeAll(async () => {
  stub = await startDblabStub({ postgres: 16, certificate: 'engine' })
  stub.faults.createMs = 10
})
afterAll(async () => await stub[Symbol.asyncDispose]())

async function create(more: Partial<DblabEngine>): Promise<Clone> {
  const engine = { url: stub.url, token: stub.token, accessHost: stub.server.cluster.folder, ...more }
  return await dblabClones({ engines: [engine], postgres: 16, statementMs: 2000, patience: { pollMs: 50 } }).create({ scripts: [] }, signal)
}

describe('an engine whose certificate a private authority signed', () => {
  test.each([
    ['is trusted with caFile', { caFile }],
    ['is reached with insecure', { insecure: true }],
    ['is reached with insecure and the wrong authority', { insecure: true, caFile: certificateFile('other-authority.pem') }],
  ])('%s', async (_, more) => {
    await using clone = await create(more)
    await clone.run('create table made (a int)', signal)
    await clone.restart?.(signal)
    expect(await clone.query("select to_regclass('made') as made")).toEqual([{ made: null }])
    expect([...stub.clones.values()]).toMatchObject([{ status: { code: 'OK' } }])
  })
  test('is trusted under each name that it is for', async () => {
    await using _ = await create({ caFile, url: stub.url.replace('127.0.0.1', 'localhost') })
  })
  // After it was reached insecurely: no connection of that time is used again.
  test.each([
    ['is refused without its authority', {}, /unable to .*issuer|unable to verify.*caFile/],
    ['is refused with another authority', { caFile: certificateFile('other-authority.pem') }, /unable to .*caFile/],
    ['is refused when insecure is false', { insecure: false }, /caFile/],
  ])('%s, and the token is not sent', async (_, more, message) => {
    const before = stub.log.length
    const failing = create(more)
    await expect(failing).rejects.toThrow(UserError)
    await expect(failing).rejects.toThrow(message)
    await expect(failing).rejects.toThrow(new URL(stub.url).host)
    expect(stub.log.length).toBe(before)
  })
})

describe('what else is wrong', () => {
  test('a certificate for another host', async () => {
    await using other = await startDblabStub({ server: stub.server, certificate: 'engine', listen: '127.0.0.2' })
    const failing = create({ url: other.url, token: other.token, caFile })
    await expect(failing).rejects.toThrow(UserError)
    await expect(failing).rejects.toThrow(/127\.0\.0\.2.*url/)
    expect(other.log).toEqual([])
  })
  test('a certificate that is over, whatever caFile says', async () => {
    await using other = await startDblabStub({ server: stub.server, certificate: 'expired' })
    const failing = create({ url: other.url, caFile })
    await expect(failing).rejects.toThrow(UserError)
    await expect(failing).rejects.toThrow(/expired.*renewed/)
    await using clone = await create({ url: other.url, insecure: true })
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test('https to an engine that does not speak it', async () => {
    await using plain = await startDblabStub({ server: stub.server })
    const failing = create({ url: plain.url.replace('http:', 'https:'), caFile })
    await expect(failing).rejects.toThrow(UserError)
    await expect(failing).rejects.toThrow(/does not speak TLS.*http:/)
  })
  test('http to an engine that speaks TLS', async () => {
    const failing = create({ url: stub.url.replace('https:', 'http:') })
    await expect(failing).rejects.toThrow(ServiceError)
    await expect(failing).rejects.toThrow(new URL(stub.url).host)
  })
  test('a caFile that is none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pgwitness-dblab-'))
    try {
      writeFileSync(join(folder, 'empty.pem'), '')
      writeFileSync(join(folder, 'key.pem'), '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n')
      for (const [file, message] of Object.entries({
        [join(folder, 'empty.pem')]: /caFile: .*empty\.pem holds no certificate/,
        [join(folder, 'key.pem')]: /caFile: .*key\.pem holds no certificate/,
        [join(folder, 'nowhere.pem')]: /caFile: .*nowhere\.pem cannot be read: ENOENT/,
        [folder]: /caFile: .* cannot be read: EISDIR/,
      })) {
        const failing = create({ caFile: file })
        await expect(failing).rejects.toThrow(UserError)
        await expect(failing).rejects.toThrow(message)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
  test.each(['ftp://dblab.example.com', 'postgres://dblab.example.com/shop', 'dblab.example.com:2345'])('the address %s', async (url) => {
    const failing = create({ url })
    await expect(failing).rejects.toThrow(UserError)
    await expect(failing).rejects.toThrow(/dblab\.engines\[\]\.url/)
  })
})
