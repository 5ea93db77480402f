import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Server, startServer } from './fixtures/servers.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
const folder = mkdtempSync(join(tmpdir(), 'pgwitness-experiment-'))
let server: Server

beforeAll(async () => {
  server = await startServer(17, [
    `insert into customers (id, email) select n, 'canary' || n || '@example.com' from generate_series(1, 20000) n`,
    `insert into orders (customer, note) select n, 'n' from generate_series(1, 20000) n`,
  ])
  await server.query('vacuum analyze', 'production')
  mkdirSync(join(folder, 'db/migrations'), { recursive: true })
  const write = (name: string, text: string): void => writeFileSync(join(folder, 'db/migrations', name), text)
  write(
    '20240101000000_shop.sql',
    '-- migrate:up\ncreate table customers (id int primary key, email text unique, balance numeric);\n-- migrate:down\ndrop table customers;\n',
  )
  write(
    '20240102000000_name.sql',
    '-- migrate:up\nalter table customers add column name text;\n-- migrate:down\nalter table customers drop column name;\n',
  )
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server[Symbol.asyncDispose]()
})

function pgwitness(...args: string[]) {
  return spawnSync(process.execPath, [CLI, ...args], { cwd: folder, encoding: 'utf8' })
}

describe('experiment', () => {
  test('without a name lists what there is; an unknown one is told', () => {
    expect(pgwitness('experiment').stdout).toMatch(/both-ways +Does the down migration/)
    expect(pgwitness('experiment', 'nothing')).toMatchObject({ status: 2, stderr: expect.stringContaining('There are effects, ') })
    expect(pgwitness('experiment', 'effects', '--help').stdout).toMatch(/--transaction/)
    expect(pgwitness('experiment', 'effects')).toMatchObject({ status: 2 })
    expect(pgwitness('experiment', 'effects', 'nowhere.sql')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('nowhere.sql cannot be read'),
    })
  })
  test('runs the part of a file that its tool would, on what came before', () => {
    const { stdout, stderr, status } = pgwitness('experiment', 'effects', 'db/migrations/20240102000000_name.sql', '--format', 'json')
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    const { result, clone } = JSON.parse(stdout)
    expect(clone).toMatch(/^local Postgres 18/)
    expect(result.statements).toMatchObject([{ line: 2, kind: 'alter table', error: null }])
    const both = pgwitness('experiment', 'both-ways', 'db/migrations/20240102000000_name.sql', 'db/migrations/20240102000000_name.sql')
    expect(both.stdout).toContain('Down restores the schema, and up runs again.')
  })
  test('runs where the configuration says, unless the command line says otherwise', () => {
    writeFileSync(join(folder, 'embedded.yml'), 'clone: embedded\n')
    const effects = ['experiment', 'effects', 'db/migrations/20240102000000_name.sql', '--config', 'embedded.yml']
    expect(pgwitness(...effects).stdout).toMatch(/\(embedded Postgres/)
    expect(pgwitness(...effects, '--clone', 'local').stdout).toMatch(/\(local Postgres/)
    expect(pgwitness(...effects, '--clone', 'lokal')).toMatchObject({ status: 2, stderr: expect.stringContaining('Allowed are') })
  })
  test('takes the major that is asked for', () => {
    const { stdout } = pgwitness(
      'experiment',
      'held-locks',
      'db/migrations/20240102000000_name.sql',
      '--postgres',
      '13',
      '--clone',
      'local',
    )
    expect(stdout).toMatch(/ACCESS EXCLUSIVE on public.customers was held for .* \(local Postgres 13\./)
  })
})

describe('the command that evidence gives', () => {
  const environment = () => ({
    ...process.env,
    PGWITNESS_TEMPLATE_URL: server.url('shop_template', 'shop_admin'),
    PGWITNESS_SCRIPT_URL: server.url('shop_template'),
  })
  const write = (name: string, text: string): void => writeFileSync(join(folder, 'db', name), text)
  /** Evidence of experiments of a review of these files: what it says without its figures. */
  function reviewed(...args: string[]) {
    const { stdout, stderr } = spawnSync(process.execPath, [CLI, 'review', ...args, '--format', 'json'], {
      cwd: folder,
      encoding: 'utf8',
      env: environment(),
    })
    if (stdout === '') throw new Error(stderr)
    const { findings, notes } = JSON.parse(stdout) as {
      notes: string[]
      findings: Array<{ evidence: Array<{ kind: string; reproduce: string; summary: string }> }>
    }
    return { notes, evidence: findings.flatMap(({ evidence }) => evidence).filter(({ kind }) => kind === 'experiment') }
  }
  const plain = (text: string): string =>
    text.replace(/^the fix, rehearsed: /, '').replace(/\b(?:select|insert|update) |[\d.]+ [mk]?s\b|[\d.]+ [kM]?B\b/g, '')
  function repeats({ reproduce, summary }: { reproduce: string; summary: string }): void {
    const [, ...words] = reproduce.split(' ')
    const run = spawnSync('sh', ['-c', `"$0" "$1" ${words.join(' ')}`, process.execPath, CLI], {
      cwd: folder,
      encoding: 'utf8',
      env: environment(),
    })
    expect(plain(run.stdout), `${reproduce}\n${run.stderr}`).toContain(plain(summary))
  }

  test('repeats it after the other files of the change, on a database that has none of them', () => {
    write('V1__z.sql', 'alter table orders add column z int;')
    write('V2__z.sql', 'create index orders_z on orders (z);')
    const { evidence } = reviewed('db/V1__z.sql', 'db/V2__z.sql', '--clone', 'template')
    expect(evidence.map(({ reproduce }) => reproduce.split(' ').slice(2, 4).join(' '))).toEqual(
      expect.arrayContaining(['held-locks db/V2__z.sql', 'rehearse-fix db/V2__z.sql']),
    )
    for (const one of evidence.filter(({ reproduce }) => !reproduce.includes('blocked-time'))) repeats(one)
  })
  test('of what a script that fails before never reaches there is none', () => {
    write('b.sql', 'create table orders (id int);\ncreate index orders_note on orders (note);')
    const { evidence } = reviewed('db/b.sql', '--clone', 'template')
    expect(evidence.map(({ reproduce }) => reproduce.split(' ')[2])).not.toContain('held-locks')
  })
  test('duplicates are looked for where there are rows', () => {
    write('b.sql', 'create unique index orders_note on orders (note);')
    const { stdout } = spawnSync(
      process.execPath,
      [CLI, 'review', 'db/b.sql', '--clone', 'template', '--budget', '0', '--format', 'json'],
      {
        cwd: folder,
        encoding: 'utf8',
        env: environment(),
      },
    )
    const { findings } = JSON.parse(stdout) as { findings: Array<{ rule: string; verdict: string; explanation: string }> }
    expect(findings.find(({ rule }) => rule === 'require-checked-duplicates')?.verdict).not.toBe('suspected')
  })
  test('repeats it on the same major', () => {
    write('b.sql', 'alter table customers alter column email set not null;')
    writeFileSync(join(folder, 'dump.sql'), 'create table customers (id int primary key, email text);')
    const { evidence } = reviewed('db/b.sql', '--clone', 'local', '--postgres', '13', '--schema', 'dump.sql')
    expect(evidence).toMatchObject([{ reproduce: expect.stringMatching(/--clone local --postgres 13$/) }])
  })
  test('means the statement, also where another stands on its line', () => {
    write('b.sql', 'create table log (x int); create index orders_note on orders (note);')
    const { evidence } = reviewed('db/b.sql', '--clone', 'template')
    const fix = evidence.find(({ reproduce }) => reproduce.includes('rehearse-fix'))
    expect(fix).toMatchObject({ reproduce: expect.stringContaining('--statement 2'), summary: expect.stringContaining('The same schema') })
    if (fix) repeats(fix)
  })
})

test('a reader that goes away leaves no copy of a database', async () => {
  const before = await server.inventory()
  writeFileSync(join(folder, 'db/b.sql'), 'create index orders_note on orders (note);')
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', '"$0" "$1" experiment effects db/b.sql --clone template > /dev/full', process.execPath, CLI],
    {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...process.env,
        PGWITNESS_TEMPLATE_URL: server.url('shop_template', 'shop_admin'),
        PGWITNESS_SCRIPT_URL: server.url('shop_template'),
      },
    },
  )
  expect({ status, stderr }).toMatchObject({ status: 3, stderr: expect.stringContaining('ENOSPC') })
  expect(await server.inventory()).toEqual(before)
})

describe('a database that cannot start anew', () => {
  test('is not asked everything, and the review says what', async () => {
    writeFileSync(join(folder, 'db/b.sql'), 'create index orders_note on orders (note);')
    const { stdout } = pgwitness('review', 'db/b.sql', '--clone', server.url('shop_disposable'), '--format', 'json')
    expect(JSON.parse(stdout).notes).toEqual([
      'Not asked, because this database cannot start anew: held-locks, blocked-time, rehearse-fix.',
    ])
    await server.renew('shop_disposable')
  })
})

describe('stats export', () => {
  const file = join(folder, 'stats.json')
  test('writes what the planner knows to a file that only its owner reads', () => {
    const { status, stderr } = pgwitness('stats', 'export', '--url', server.url('production'), '--output', file)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ version: 1, postgres: expect.any(Number), values: true })
  })
  test('of which a plan at that size is made', () => {
    const query = 'select * from customers where id between 5 and 9'
    const { stdout, stderr } = pgwitness('experiment', 'plan', '--query', query, '--stats', file)
    expect(stdout).toContain('Index Scan using customers_pkey')
    expect(stdout).toMatch(/\(twin Postgres 18/)
    expect(stderr).toContain('public.orders, which the schema here does not have')
  })
  test('says that a schema is not there', () => {
    const { stderr, status } = pgwitness('stats', 'export', '--url', server.url('production'), '--schema', 'public', '--schema', 'shop')
    expect({ stderr, status }).toEqual({ stderr: 'pgwitness: There is no table in the schema shop.\n', status: 0 })
  })
  test('leaves values out when asked, and says what is missing', () => {
    const { stdout, stderr } = pgwitness('stats', 'export', '--url', server.url('production'), '--no-values')
    expect(stdout).not.toContain('canary')
    expect(stderr).toContain('Values were left out')
    expect(pgwitness('stats', 'export')).toMatchObject({ status: 2, stderr: expect.stringContaining('--url') })
    expect(pgwitness('stats', 'export', '--url', server.url('production'), '--output', 'nowhere/stats.json')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('nowhere/stats.json cannot be written: ENOENT'),
    })
    writeFileSync(join(folder, 'bad.json'), '{"version":2}')
    expect(pgwitness('experiment', 'plan', '--query', 'select 1', '--stats', 'bad.json')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('bad.json cannot be used'),
    })
  })
})
