/** The commands of `kb`, on a Postgres; what only processes show, on the embedded storage. */
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runKb } from '../src/commands/kb.ts'
import { STORAGES, type Storage } from './fixtures/databases.ts'
import { writeSmallManual } from './fixtures/small-manual.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
let folder: string
let storage: Storage
let url: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kb-'))
  storage = await (STORAGES.find(({ name }) => name === 'Postgres 18') as (typeof STORAGES)[number]).start()
  const address = await storage.create()
  url = address.kind === 'postgres' ? address.url : ''
  vi.stubEnv('DATABASE_URL', url)
  vi.stubEnv('PGWITNESS_EMBEDDING_MODEL', '')
  writeSmallManual(join(folder, 'manual'), 15)
  mkdirSync(join(folder, 'articles'))
  mkdirSync(join(folder, 'mails'))
  writeFileSync(
    join(folder, 'articles/bloat\x1b[31m.md'),
    '# Bloat\x1b]0;owned\x07\n\nWhat bloated tables cost \x9b31m and \x1b[31mhow\x1b[0m pgstattuple measures it.\n',
  )
  writeFileSync(join(folder, 'mails/list.202601'), [1, 2, 3].map(mail).join(''))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await storage?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

function mail(number: number): string {
  return `From ada@example.org Mon Jan  5 10:00:00 2026
From: Ada <ada@example.org>
Date: Mon, 5 Jan 2026 10:00:00 +0100
Subject: Zebra ${number}
Message-ID: <${number}@example.org>

Zebrafish number ${number} of the list.

`
}

interface Outcome {
  out: string
  error: string
  code: number
}

/** In this process: as `program.ts` would, errors become messages and exit codes. */
async function kb(...args: string[]): Promise<Outcome> {
  let out = ''
  let error = ''
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      out += chunk
      return true
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      error += chunk
      return true
    }),
    vi.spyOn(console, 'log').mockImplementation((line) => {
      out += `${line}\n`
    }),
    vi.spyOn(console, 'error').mockImplementation((line) => {
      error += `${line}\n`
    }),
  ]
  process.exitCode = 0
  try {
    await runKb(args)
    return { out, error, code: Number(process.exitCode) }
  } catch (thrown) {
    const { name, message } = thrown as Error
    if (name !== 'UserError' && name !== 'CommanderError') throw thrown
    return { out, error: `${error}${message}\n`, code: 2 }
  } finally {
    for (const spy of spies) spy.mockRestore()
    process.exitCode = 0
  }
}

const at = (name: string): string => join(folder, name)

describe('on a Postgres', () => {
  test('nothing is in it at first, and it says how to begin', async () => {
    expect(await kb('list')).toMatchObject({ code: 0, out: expect.stringContaining('kb add --type manual') })
    const { out, error, code } = await kb('search', '--format', 'json', 'vacuum')
    expect({ answer: JSON.parse(out), code }).toEqual({ answer: [], code: 0 })
    expect(error).toContain('kb add --type manual')
    expect(await kb('sync')).toMatchObject({ code: 2, error: expect.stringContaining('nothing to sync') })
  })

  test('a dry run stores nothing', async () => {
    const { out } = await kb('add', '--type', 'manual', '--postgres', '15', '--path', at('manual'), '--dry-run')
    expect(out).toMatch(/^manual-15: would be 2 added, 0 changed, 0 unchanged, 0 removed; \d passages/)
    expect(JSON.parse((await kb('list', '--format', 'json')).out)).toEqual([])
  })

  test('a manual is declared under a name of its own and loaded; again, nothing is left to do', async () => {
    const add = ['add', '--type', 'manual', '--postgres', '15', '--path', at('manual')]
    expect((await kb(...add)).out).toMatch(/^manual-15: 2 added/)
    expect(JSON.parse((await kb(...add, '--format', 'json')).out)).toMatchObject({
      source: 'manual-15',
      added: 0,
      unchanged: 2,
      failed: [],
    })
    expect(JSON.parse((await kb('list', '--format', 'json')).out)).toMatchObject([
      { name: 'manual-15', documents: 2, declaration: { path: at('manual') } },
    ])
    expect((await kb('list')).out).toMatch(/manual-15 +manual +2 /)
  })

  test('passages are found, with all that is known of them', async () => {
    const { out, code } = await kb('search', '--limit', '1', '--format', 'json', '--', 'index', 'without locking out writes')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject([
      {
        url: 'https://www.postgresql.org/docs/15/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
        title: 'CREATE INDEX › Building Indexes Concurrently',
        quote: expect.stringContaining('without locking out writes'),
        trust: 'high',
        source: 'manual-15',
        type: 'manual',
        versions: { from: 15, to: 15 },
        score: expect.any(Number),
      },
    ])
    const { out: text } = await kb('search', 'autovacuum daemon')
    expect(text).toMatch(
      /^1\. Routine Vacuuming › The Autovacuum Daemon\n {3}“.*”\n {3}https:\S+#AUTOVACUUM\n {3}trust high · manual-15 · Postgres 15/,
    )
    expect(JSON.parse((await kb('search', '--type', 'article', '--format', 'json', 'autovacuum daemon')).out)).toEqual([])
  })

  test.each([
    [['search', ''], 'Ask something'],
    [['search', '   '], 'Ask something'],
    [['search', '--limit', '0', 'x'], 'whole number from 1 to 100'],
    [['search', '--limit', '1000000000', 'x'], 'whole number from 1 to 100'],
    [['search', '--type', 'manul', 'x'], 'There is no type manul'],
    [['search', '--postgres', 'new', 'x'], 'from 10 to 30'],
    [['search', '--questions', '/nowhere/q.txt'], 'cannot be read: ENOENT'],
    [['search', '--questions', '/tmp'], 'is a folder'],
    [['remove', 'manual-16'], 'There are: manual-15'],
    [['sync', 'manual-16'], 'There are: manual-15'],
    [['watch', 'manual-16'], 'There are: manual-15'],
    [['sync', '--file', '/nowhere/knowledge.yml'], 'There is no file'],
    [['add'], '--type article'],
    [['add', '--type', 'book'], 'There is no type book'],
    [['add', '--type', 'article', '--path', 'x', '--url', 'https://a.example'], '--permission is missing (By whom'],
    [['add', '--type', 'manual', '--postgres', '15', '--tag', 'x'], '--tag is not of manual, but of source-code'],
    [['add', '--type', 'manual', '--postgres', '15', '--path', 'a', '--path', 'b'], '--path is given 2 times'],
    [['add', '--type', 'manual', '--postgres', '15', '--path', '/tmp', '--name', 'A B'], '--name must be of small letters'],
    [['add', '--type', 'manual', '--postgres', '15', '--path', '/tmp'], 'Give this one a name'],
    [['bogus'], 'unknown command'],
  ])('%j is refused with what to do', async (args, said) => {
    expect(await kb(...args)).toMatchObject({ code: 2, error: expect.stringContaining(said) })
  })

  test('what turns out to be no such source leaves nothing behind', async () => {
    for (const path of ['/nowhere', at('articles')]) {
      const { out, code } = await kb('add', '--type', 'manual', '--postgres', '16', '--path', path)
      expect({ code, out }).toEqual({ code: 2, out: expect.stringMatching(/^manual-16: failed: .*(no folder|no manual)/) })
    }
    const replaced = await kb('add', '--name', 'manual-15', '--type', 'manual', '--postgres', '15', '--path', '/nowhere')
    expect(replaced.code).toBe(2)
    expect(JSON.parse((await kb('list', '--format', 'json')).out)).toMatchObject([
      { name: 'manual-15', declaration: { path: at('manual') } },
    ])
  })

  test('a page nobody may fetch fails, and its host is the one that was named', async () => {
    const { out, code } = await kb('add', '--type', 'web-page', '--url', 'https://127.0.0.1:1/page.html')
    expect({ out, code }).toEqual({ code: 2, out: expect.stringContaining('web-127-0-0-1-1: failed: nothing of it could be read') })
  })

  test('a file declares sources: paths from where it is, names made up, one failing keeps no other, strangers are named', async () => {
    writeFileSync(
      at('knowledge.yml'),
      `sources:
        - { type: manual, postgres: 16, path: nowhere }
        - { type: article, author: Ada Löwe, permission: by mail, url: "https://ada.example/{name}", path: articles, verified: true }
        - { type: mailing-list, list: zebras, path: mails }`,
    )
    const { out, code } = await kb('sync', '--file', at('knowledge.yml'))
    expect(code).toBe(2)
    expect(out).toMatch(
      /manual-16: failed: There is no folder .*\narticles-ada-lowe: 1 added.*\nzebras: 3 added.*\nNot in .*knowledge.yml, so left as they are: manual-15\./,
    )
    const again = JSON.parse((await kb('sync', 'zebras', 'manual-15', '--format', 'json')).out)
    expect(again).toMatchObject({
      sources: [
        { source: 'zebras', unchanged: 3 },
        { source: 'manual-15', unchanged: 2 },
      ],
      undeclared: [],
    })
  })

  test('every mistake of a file is told at once, with its place', async () => {
    writeFileSync(
      at('wrong.yml'),
      '- { type: manual, postgres: 15, path: m }\n- { type: manual, postgres: 15 }\n- { type: article, path: a }\n- 17\n- { type: manual, postgres: 15, imported: {} }',
    )
    const { error, code } = await kb('sync', '--file', at('wrong.yml'))
    expect(code).toBe(2)
    for (const said of [
      'sources[2].author is missing',
      'sources[2].permission is missing',
      'sources[3] is no declaration',
      'sources[4].imported',
      'two sources are called manual-15',
    ])
      expect(error).toContain(said)
  })

  test('no control character of a text or of a file name reaches the terminal', async () => {
    const found = await kb('search', '--type', 'article', 'pgstattuple bloated tables')
    expect(found.out).toContain('Bloat')
    const control = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/
    expect(found.out).not.toMatch(control)
    const json = await kb('search', '--type', 'article', '--format', 'jsonl', 'pgstattuple')
    expect(JSON.parse(json.out)).toMatchObject({ author: 'Ada Löwe', trust: 'high' })
    expect(json.out).not.toMatch(control)
    expect((await kb('remove', '\x1b[31m')).error).not.toMatch(control)
  })

  test.each([
    ['q.txt', '\ufeffvacuum\r\n\r\n  \n"abcxyz" \x1b[0K\n', ['vacuum', '"abcxyz" \x1b[0K']],
    [
      'q.yml',
      '- vacuum\n- question: zebrafish\n  postgres: 15\n- ask: index\n  answers: [x]\n- ""\n',
      ['vacuum', 'zebrafish', 'index', ''],
    ],
    ['q.json', '{"questions": ["vacuum", {"question": "zebrafish"}]}', ['vacuum', 'zebrafish']],
    ['q.jsonl', '"vacuum"\n{"question": "zebrafish"}\n', ['vacuum', 'zebrafish']],
    ['empty.yml', '', []],
  ])('all questions of %s are answered, in order', async (name, text, questions) => {
    writeFileSync(at(name), text)
    const { out, code } = await kb('search', '--questions', at(name), '--format', 'json', '--limit', '1')
    expect(code).toBe(0)
    const answers = JSON.parse(out) as Array<{ question: string; passages: object[] }>
    expect(answers.map(({ question }) => question)).toEqual(questions)
    for (const { question, passages } of answers) expect(passages.length).toBe(/vacuum|zebra|index/.test(question) ? 1 : 0)
    const lines = (await kb('search', '--questions', at(name), '--format', 'jsonl')).out.split('\n').filter(Boolean)
    expect(lines.map((line) => JSON.parse(line).question)).toEqual(questions)
  })

  test('a file that is no list of questions is told', async () => {
    writeFileSync(at('bad.json'), '["vacuum", {"query": "x"}]')
    expect(await kb('search', '--questions', at('bad.json'), '--format', 'json')).toMatchObject({
      code: 2,
      out: '',
      error: expect.stringContaining('the 2. question'),
    })
    writeFileSync(at('bad.jsonl'), '"vacuum"\nnot json\n')
    expect((await kb('search', '--questions', at('bad.jsonl'), '--format', 'jsonl')).error).toContain('line 2, is not JSON')
  })

  test('a question of a megabyte is answered', async () => {
    writeFileSync(at('huge.txt'), `${'how does the autovacuum daemon freeze tuple '.repeat(25_000)}\n`)
    const { out } = await kb('search', '--questions', at('huge.txt'), '--format', 'json', '--limit', '1')
    expect(JSON.parse(out)[0].passages).toMatchObject([{ source: 'manual-15' }])
  })

  test('sources are removed with what they held', async () => {
    expect((await kb('remove', 'articles-ada-lowe', '--dry-run')).out).toMatch(
      /^articles-ada-lowe: 1 documents with 1 passages would be removed/,
    )
    expect((await kb('remove', 'articles-ada-lowe')).out).toMatch(/^articles-ada-lowe: 1 documents with 1 passages removed/)
    expect(JSON.parse((await kb('search', '--type', 'article', '--format', 'json', 'pgstattuple')).out)).toEqual([])
  })

  test('watch follows a growing mbox file and a folder, and stops on SIGTERM', { timeout: 30_000 }, async () => {
    const child = spawn(process.execPath, [CLI, 'kb', 'watch'], { env: { ...process.env, NO_COLOR: '1' } })
    let said = ''
    child.stdout.on('data', (chunk) => (said += chunk))
    child.stderr.on('data', (chunk) => (said += chunk))
    const ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)))
    const says = async (what: RegExp): Promise<void> => {
      while (!what.test(said) && child.exitCode === null) await wait(50)
      expect(said).toMatch(what)
    }
    await says(/Following zebras/)
    // The sync it begins with finds nothing new, and says nothing.
    await wait(700)
    appendFileSync(at('mails/list.202601'), mail(4))
    writeFileSync(at('mails/list.202602.gz'), gzipSync(mail(5)))
    await says(/zebras: [12] added/)
    rmSync(at('manual/routine-vacuuming.html'))
    await says(/manual-15: 0 added, 0 changed, 1 unchanged, 1 removed/)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(said).toMatch(/Stopped\.\n$/)
    expect(JSON.parse((await kb('list', '--format', 'json')).out)).toContainEqual(expect.objectContaining({ name: 'zebras', documents: 5 }))
  })
})

describe('on embedded storage', () => {
  const run = (...args: string[]) => {
    const { DATABASE_URL: _, ...env } = process.env
    return spawnSync(process.execPath, [CLI, 'kb', ...args], { env: { ...env, NO_COLOR: '1' }, encoding: 'utf8', cwd: folder })
  }

  test('a folder that is not there is not made by asking; two processes do not share one', { timeout: 30_000 }, async () => {
    expect(run('search', '--data', 'data', '--format', 'json', '--', '-vacuum')).toMatchObject({ status: 0, stdout: '[]\n' })
    expect(existsSync(at('data'))).toBe(false)
    const { lockFolder } = await import('../src/database/folder-lock.ts')
    mkdirSync(at('data/postgres'), { recursive: true })
    const unlock = lockFolder(at('data'))
    expect(run('sync', 'x', '--data', 'data')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('in use by another pgwitness process'),
    })
    unlock()
    writeFileSync(at('file'), '')
    expect(run('add', '--type', 'manual', '--postgres', '15', '--path', 'manual', '--data', 'file/data')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('cannot be made: ENOTDIR'),
    })
  })
})
