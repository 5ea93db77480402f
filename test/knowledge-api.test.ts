import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openPostgres } from '../src/database/postgres.ts'
import type { Block, KnowledgeDocument } from '../src/knowledge/document.ts'
import { postgresKnowledgeBase } from '../src/knowledge/postgres.ts'
import { readWords } from '../src/knowledge/search/lexemes.ts'
import { readQuestions } from './bench/knowledge/questions.ts'
import { describeOpenApi } from './fixtures/postgrest.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const PAGE = readFileSync('docs/postgrest.md', 'utf8')
const context = { signal: new AbortController().signal, progress() {} }
const ROLES = ['pgwitness_anon', 'pgwitness_reader']

interface Found {
  url: string
  title: string
  quote: string
  versions: { from: number; to: number } | null
  [column: string]: unknown
}

function page(key: string, title: string, versions: number, blocks: Array<Partial<Block> & { text: string }>): KnowledgeDocument {
  return {
    ...{ key, title, revision: '1', url: `https://www.postgresql.org/docs/${versions}/${key}`, licence: 'PostgreSQL', problems: [] },
    ...{ author: null, date: null, trust: 'high', versions: { from: versions, to: versions } },
    blocks: blocks.map((block) => ({ breadcrumb: [], anchor: null, kind: 'prose', term: null, ...block })),
  }
}

const pagesOf = (major: number): KnowledgeDocument[] => [
  page('runtime-config-wal.html', 'Write Ahead Log', major, [
    {
      ...{ kind: 'entry', term: 'max_wal_size (integer)', anchor: 'GUC-MAX-WAL-SIZE' },
      text: 'This is a soft limit. Maximum size to let the WAL grow during automatic checkpoints. It can be exceeded under special circumstances.',
    },
    {
      kind: 'entry',
      term: 'wal_keep_size (integer)',
      anchor: 'GUC-WAL-KEEP-SIZE',
      text: 'The minimum size of WAL that is kept for standbys.',
    },
  ]),
  page('sql-createindex.html', 'CREATE INDEX', major, [
    { text: 'CREATE INDEX constructs an index on the specified columns of a table. It locks out writes (but not reads) until it is done.' },
    {
      ...{ breadcrumb: ['Building Indexes Concurrently'], anchor: 'SQL-CREATEINDEX-CONCURRENTLY' },
      text: 'PostgreSQL supports building indexes without locking out writes. This method is invoked by the CONCURRENTLY option.',
    },
  ]),
  page('errcodes-appendix.html', 'PostgreSQL Error Codes', major, [{ kind: 'entry', anchor: 'ERRCODES', text: '40P01 deadlock_detected' }]),
  page('indexes-types.html', 'Index Types', major, [
    ...Array.from({ length: 60 }, (_, n) => ({ text: `An index of type ${n}.`, anchor: `T-${n}`, breadcrumb: [`Type ${n}`] })),
  ]),
]

/** The fenced blocks of the page, in order. */
function blocksOf(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text as string)
}

describe.each([14, 18])('as PostgREST asks a Postgres %i', (major) => {
  let server: Server
  let database: Database
  let client: pg.Client
  const notices: string[] = []

  beforeAll(async () => {
    server = await startServer(major)
    await server.query('create database kb owner shop_script')
    database = await openPostgres(server.url('kb'))
    const base = await postgresKnowledgeBase(database)
    await base.declare({ name: 'manual-17', type: 'manual', postgres: 17, path: '/secret/place' })
    await base.declare({ name: 'manual-14', type: 'manual', postgres: 14 })
    for (const version of [17, 14]) {
      const documents = pagesOf(version)
      const source = {
        async *read() {
          for (const document of documents) yield { kind: 'document' as const, document }
        },
      }
      await base.sync(`manual-${version}`, source, context)
    }
    const owner = new pg.Client(server.url('kb'))
    owner.on('notice', ({ message }) => notices.push(String(message)))
    await owner.connect()
    await owner.query('select pgwitness.install_api()')
    const [administrators = '', owners = ''] = blocksOf('sql')
    await server.query(administrators, 'kb')
    await owner.query(owners)
    await owner.end()
    client = new pg.Client(server.url('kb', 'pgwitness_authenticator'))
    await client.connect()
  })
  afterAll(async () => {
    await client?.end()
    await database?.close()
    await server?.[Symbol.asyncDispose]()
  })

  /** One request, in the transaction that PostgREST begins. Undone afterwards. */
  const as = async <Row extends pg.QueryResultRow>(
    role: string,
    sql: string,
    parameters: unknown[] = [],
    begin = 'begin read only',
  ): Promise<Row[]> => {
    await client.query(begin)
    try {
      await client.query(`set local role ${role}; set local search_path = api; set local statement_timeout = '5s'`)
      return (await client.query<Row>(sql, parameters)).rows
    } finally {
      await client.query('rollback')
    }
  }
  const search = async (question: unknown, more: Record<string, unknown> = {}, role = 'pgwitness_anon'): Promise<Found[]> => {
    const names = Object.keys(more)
    const given = names.map((name, index) => `, ${name} => $${index + 2}`).join('')
    return await as<Found>(role, `select * from api.search_passages(question => $1${given})`, [question, ...Object.values(more)])
  }
  const anchors = async (question: string, more = {}): Promise<string[]> =>
    (await search(question, more)).map(({ url }) => url.replace(/^.*[/#]/, ''))

  test('who may not create roles is told, and the page says what to do', () => {
    expect(notices.slice(0, 2)).toEqual(ROLES.map((role) => expect.stringContaining(`may not create the role ${role}`)))
    expect(notices).toHaveLength(2)
  })

  test.each(ROLES)('%s finds settings, commands, error codes, what the trade calls them, and slips of the pen', async (role) => {
    const [first] = await search('max_wal_size', { postgres: 17 }, role)
    expect(first).toEqual({
      url: 'https://www.postgresql.org/docs/17/runtime-config-wal.html#GUC-MAX-WAL-SIZE',
      title: 'Write Ahead Log › max_wal_size (integer)',
      quote: expect.any(String),
      trust: 'high',
      score: expect.any(Number),
      source: 'manual-17',
      type: 'manual',
      author: null,
      date: null,
      licence: 'PostgreSQL',
      versions: { from: 17, to: 17 },
    })
    expect((await anchors('what does wal_keep_size do?'))[0]).toBe('GUC-WAL-KEEP-SIZE')
    expect((await anchors('ERROR: 40P01'))[0]).toBe('ERRCODES')
    expect((await anchors('cic'))[0]).toBe('SQL-CREATEINDEX-CONCURRENTLY')
    expect((await anchors('bulding indxes concurently'))[0]).toBe('SQL-CREATEINDEX-CONCURRENTLY')
  })

  test('quotes the sentence that answers, literally', async () => {
    const [first] = await search('how large may the WAL grow between automatic checkpoints?', { postgres: 17 })
    expect(first?.quote).toBe('Maximum size to let the WAL grow during automatic checkpoints.')
  })

  test("prefers the asker's version, gives a place once, and keeps to types and limits", async () => {
    const versions = async (more: Record<string, unknown>): Promise<unknown[]> =>
      (await search('max_wal_size', more)).map(({ versions: one }) => one?.from)
    expect(new Set(await versions({ postgres: 14 }))).toEqual(new Set([14]))
    expect(new Set(await versions({ postgres: 13 }))).toEqual(new Set([14]))
    expect(new Set(await versions({}))).toEqual(new Set([17]))
    expect(await versions({ types: ['article', 'no such type'] })).toEqual([])
    expect(await versions({ types: [] })).toEqual([])
    expect(new Set(await versions({ types: ['manual', null] }))).toEqual(new Set([17]))
    const counts = await Promise.all(
      [undefined, null, 0, -1, -2147483648, 1, 7, 50, 51, 2147483647].map(async (max_results) => await versionsCount(max_results)),
    )
    expect(counts).toEqual([5, 5, 0, 0, 0, 1, 7, 50, 50, 50])
  })
  // One connection: a request after the other.
  let last: Promise<unknown> = Promise.resolve()
  const versionsCount = async (max_results: unknown): Promise<number> => {
    const mine = last.then(async () => (await search('index', max_results === undefined ? {} : { max_results })).length)
    last = mine
    return await mine
  }

  test('takes whatever is asked as words', async () => {
    const before = await server.query('select count(*) as n, sum(passages) as passages from pgwitness.words', 'kb')
    const hostile = [
      null,
      '',
      '   ',
      "'; drop table pgwitness.words; --",
      "') or true --",
      "index' | 'table:* & !<->",
      '%s %L %I $1 $2 {0} \\ \\\\ \\x01',
      '{{{{[[[[((((^$.*+?',
      '$sql$; delete from pgwitness.sources; $sql$ $body$ $$',
      'index '.repeat(200_000),
      'x'.repeat(1_000_000),
      'a_b.c-d/e:'.repeat(100_000),
      '-'.repeat(1_000_000),
      'índice ’s 索引 \u202e \ud83d\ude00 \u0001',
    ]
    for (const question of hostile) {
      const started = performance.now()
      expect((await search(question, { max_results: 50 })).length).toBeLessThanOrEqual(50)
      expect(performance.now() - started).toBeLessThan(5_000)
    }
    expect((await anchors("'; drop table index; --")).length).toBe(5)
    await expect(search('max_wal_size', { types: "{manual'; drop table x}" })).resolves.toEqual([])
    await expect(search('index', { postgres: '17; drop table x' })).rejects.toThrow('invalid input syntax')
    expect(await server.query('select count(*) as n, sum(passages) as passages from pgwitness.words', 'kb')).toEqual(before)
  })

  test.each([
    'select * from pgwitness.passages',
    'select * from pgwitness.sources',
    "select pgwitness.search_passages('index', 17, null, 1000000)",
    'select pgwitness.install_api()',
    'delete from api.sources',
    "update api.sources set name = 'x'",
    "insert into api.sources (name) values ('x')",
    'create table api.mine (a int)',
    'create table public.mine (a int)',
    'create schema mine',
    'create function api.search_passages(text) returns text language sql return 1::text',
    'alter function api.search_passages(text, int, int, text[]) reset statement_timeout',
    'drop view api.sources',
    'set local role shop_script',
    'alter role pgwitness_anon superuser',
    "copy (select 1) to program 'true'",
    "select pg_read_file('/etc/passwd')",
    "select lo_import('/etc/passwd')",
    "select pg_ls_dir('.')",
  ])('may not: %s', async (sql) => {
    for (const role of ROLES) {
      // Only in what PostgREST does not allow anyway, a transaction that writes, the right itself is asked for. After SET ROLE the session's rights count for SET ROLE.
      await expect(as(role, sql, [], 'begin')).rejects.toThrow(
        /permission denied|must be (?:owner|superuser)|cannot|has not been granted|may not/,
      )
    }
  })

  test('sees nothing but the function and the view', async () => {
    for (const role of ROLES) {
      const rows = await as<{ what: string }>(role, VISIBLE)
      expect(rows.map(({ what }) => what)).toEqual(['function api.search_passages', 'relation api.sources', 'schema api', 'schema public'])
    }
  })

  test('sources say who wrote them and who allowed it, and not where they are kept', async () => {
    const rows = await as<Record<string, unknown>>('pgwitness_anon', 'select * from api.sources order by name')
    expect(rows).toMatchObject([
      { name: 'manual-14', type: 'manual', postgres: 14, author: null, permission: null, licence: 'PostgreSQL', documents: '4' },
      { name: 'manual-17', type: 'manual', postgres: 17 },
    ])
    expect(JSON.stringify(rows)).not.toContain('secret')
  })

  test("the caller's search_path changes nothing, and time is limited", async () => {
    await server.query(
      `create schema evil; grant usage on schema evil to public;
       create function evil.lower(text) returns text language plpgsql as $$ begin raise 'evil'; end $$;
       create function evil.left(text, int) returns text language plpgsql as $$ begin raise 'evil'; end $$;
       create table evil.passages (id int)`,
      'kb',
    )
    await client.query('begin')
    await client.query('set local role pgwitness_anon; set local search_path = evil, pg_catalog')
    expect((await client.query("select * from api.search_passages('max_wal_size')")).rows).not.toEqual([])
    await client.query('rollback')
    const [limits] = await server.query<{ owner: string; settings: string; roles: string }>(
      `select proowner::regrole::text as owner, array_to_string(proconfig, '; ') as settings,
         (select string_agg(r.rolname || ' ' || r.rolcanlogin || ' ' || array_to_string(setconfig, '; '), ', ' order by r.rolname)
          from pg_db_role_setting join pg_roles as r on r.oid = setrole where r.rolname ~ '^pgwitness_(anon|reader)$') as roles
       from pg_proc where oid = 'api.search_passages'::regproc and prosecdef and provolatile = 's'`,
      'kb',
    )
    expect(limits).toEqual({
      owner: 'shop_script',
      settings: 'search_path=pg_catalog, pg_temp; statement_timeout=5s',
      roles: 'pgwitness_anon false statement_timeout=5s, pgwitness_reader false statement_timeout=5s',
    })
  })

  test('PostgREST would describe it as the page shows', async () => {
    for (const role of ROLES) {
      await client.query(`begin; set local role ${role}`)
      const described = await describeOpenApi(client, 'api')
      await client.query('rollback')
      expect(JSON.parse(blocksOf('json').at(-1) ?? '')).toEqual(described)
    }
    const [example] = JSON.parse(blocksOf('json')[0] ?? '') as Found[]
    expect(Object.keys((await search('max_wal_size'))[0] ?? {})).toEqual(Object.keys(example ?? {}))
  })

  test('reads the words of questions as kb search does', async () => {
    const asked = readQuestions().map(({ ask }) => ask)
    const rows = await database.query<{ n: number; words: string }>(
      `select q.n::int as n, string_agg(concat_ws(' ', w.whole, w.stem, case when w.is_stop then '-' end), ', ' order by w.nth, w.place) as words
       from unnest($1::text[]) with ordinality as q(ask, n) left join lateral pgwitness.read_words(q.ask) as w on true group by q.n order by q.n`,
      [asked],
    )
    const differing = asked.filter((ask, index) => {
      const own = readWords(ask).flatMap(({ whole, parts }) =>
        parts.length === 0
          ? [whole]
          : parts.map(({ stem, isStop }) => [whole, stem, isStop ? '-' : null].filter((one) => one !== null).join(' ')),
      )
      return own.join(', ') !== (rows[index]?.words ?? '')
    })
    expect(differing).toEqual([])
  })
})

const VISIBLE = `select 'schema ' || nspname as what from pg_namespace where has_schema_privilege(oid, 'usage') and nspname !~ '^pg_|^information_schema$' and nspname <> 'evil'
  union all
  select 'relation ' || nspname || '.' || relname from pg_class as c join pg_namespace as n on n.oid = relnamespace
  where nspname !~ '^pg_|^information_schema$' and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and case relkind when 'S' then has_sequence_privilege(c.oid, 'usage, select, update') else has_table_privilege(c.oid, 'select, insert, update, delete, truncate') end
  union all
  select 'function ' || nspname || '.' || proname from pg_proc as p join pg_namespace as n on n.oid = pronamespace
  where nspname !~ '^pg_|^information_schema$' and has_schema_privilege(n.oid, 'usage') and has_function_privilege(p.oid, 'execute') and nspname <> 'evil'
  order by 1`
