import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { ServiceError, UserError } from '../src/errors.ts'
import type { SourceDeclaration } from '../src/knowledge/declaration.ts'
import type { Block, KnowledgeDocument } from '../src/knowledge/document.ts'
import type { Embedder } from '../src/knowledge/embedder.ts'
import type { KnowledgeBase } from '../src/knowledge/knowledge-base.ts'
import { postgresKnowledgeBase } from '../src/knowledge/postgres.ts'
import type { Source, SourceItem } from '../src/knowledge/source.ts'
import { type Address, openAddress, STORAGES, type Storage } from './fixtures/databases.ts'
import { hashingEmbedder } from './fixtures/hashing-embedder.ts'
import { MANY, manyDocuments } from './fixtures/many-documents.ts'

const signal = new AbortController().signal
const context = { signal, progress() {} }
const MANUAL: SourceDeclaration = { name: 'manual-17', type: 'manual', postgres: 17, path: '/nowhere' }

function block(text: string, more: Partial<Block> = {}): Block {
  return { breadcrumb: [], anchor: null, kind: 'prose', term: null, text, ...more }
}

function page(key: string, title: string, blocks: Block[], more: Partial<KnowledgeDocument> = {}): KnowledgeDocument {
  return {
    key,
    revision: '1',
    title,
    url: `https://www.postgresql.org/docs/17/${key}`,
    author: null,
    date: null,
    licence: 'PostgreSQL',
    trust: 'high',
    versions: { from: 17, to: 17 },
    blocks,
    problems: [],
    ...more,
  }
}

const PAGES = [
  page('sql-createindex.html', 'CREATE INDEX', [
    block('CREATE INDEX constructs an index on the specified columns of a table. It locks out writes (but not reads) until it is done.'),
    block(
      'PostgreSQL supports building indexes without locking out writes. This method is invoked by specifying the CONCURRENTLY option of CREATE INDEX.',
      { breadcrumb: ['Building Indexes Concurrently'], anchor: 'SQL-CREATEINDEX-CONCURRENTLY' },
    ),
  ]),
  page('runtime-config-wal.html', 'Write Ahead Log', [
    block('Maximum size to let the WAL grow during automatic checkpoints. Increasing this parameter can increase recovery time.', {
      kind: 'entry',
      term: 'max_wal_size (integer)',
      anchor: 'GUC-MAX-WAL-SIZE',
    }),
    block('Specifies the minimum size of WAL that is kept for standby servers.', {
      kind: 'entry',
      term: 'wal_keep_size (integer)',
      anchor: 'GUC-WAL-KEEP-SIZE',
    }),
  ]),
  page('errcodes-appendix.html', 'PostgreSQL Error Codes', [
    block('40P01 deadlock_detected', { kind: 'entry', anchor: 'ERRCODES-TABLE' }),
    block('55P03 lock_not_available', { kind: 'entry', anchor: 'ERRCODES-TABLE-2' }),
  ]),
  page('routine-vacuuming.html', 'Routine Vacuuming', [
    block('The autovacuum daemon automates the execution of VACUUM and ANALYZE commands.', {
      breadcrumb: ['The Autovacuum Daemon'],
      anchor: 'AUTOVACUUM',
    }),
    block('To prevent transaction ID wraparound failures, VACUUM marks rows as frozen.', {
      breadcrumb: ['Preventing Transaction ID Wraparound Failures'],
      anchor: 'VACUUM-FOR-WRAPAROUND',
    }),
  ]),
  page('ddl-constraints.html', 'Constraints', [
    block('A foreign key constraint specifies that the values in a column must match the values appearing in some row of another table.', {
      breadcrumb: ['Foreign Keys'],
      anchor: 'DDL-CONSTRAINTS-FK',
    }),
    block('A primary key constraint indicates that a column can be used as a unique identifier for rows in the table.', {
      breadcrumb: ['Primary Keys'],
      anchor: 'DDL-CONSTRAINTS-PRIMARY-KEYS',
    }),
  ]),
]

/** Gives what changed, as sources do. */
function sourceOf(documents: readonly KnowledgeDocument[], before: (index: number) => SourceItem | undefined = () => undefined): Source {
  return {
    async *read(known) {
      for (const [index, document] of documents.entries()) {
        const item = before(index)
        if (item) yield item
        else if (known.get(document.key) === document.revision) yield { kind: 'unchanged', key: document.key }
        else yield { kind: 'document', document }
      }
    },
  }
}

/** Another process syncs, and is killed when it has stored some. Gives the signal it ended by. */
async function runUntilKilled(address: Address): Promise<string | null> {
  const child = spawn(process.execPath, ['test/fixtures/knowledge-syncer.ts', JSON.stringify(address)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<string | null>((resolve) => child.on('exit', (_, how) => resolve(how)))
  child.stdout.on('data', () => child.kill('SIGKILL'))
  return await ended
}

describe.each(STORAGES)('$name', ({ missing, start }) => {
  let storage: Storage
  let database: Database
  let base: KnowledgeBase

  beforeAll(async () => {
    if (missing) return
    storage = await start()
    database = await openAddress(await storage.create())
    base = await postgresKnowledgeBase(database)
    await base.declare(MANUAL)
    await base.sync(MANUAL.name, sourceOf(PAGES), context)
  })
  afterAll(async () => {
    await base?.close()
    await database?.close()
    await storage?.[Symbol.asyncDispose]()
  })
  const it = missing ? (name: string, _body: () => Promise<void>) => test.skip(`${name} (${missing})`) : test

  /** Anchors or pages, the best first. */
  const ask = async (text: string, more: object = {}): Promise<string[]> =>
    (await base.search({ text, limit: 5, ...more }, signal)).map(({ url }) => url.replace(/^.*[/#]/, ''))

  /** Sums, word counts and rows agree. */
  const expectSound = async (session: Database = database): Promise<void> => {
    const [wrong] = await session.query(`select
      (select count(*)::int from pgwitness.sources s where (documents, passages, words) is distinct from
        (select (count(*), coalesce(sum(d.passages), 0), coalesce(sum(d.words), 0)) from pgwitness.documents d where d.source = s.name)) as sums,
      (select count(*)::int from pgwitness.documents d where passages <> (select count(*) from pgwitness.passages p where p.document = d.id)) as documents,
      (select count(*)::int from (select lexeme, count(*) as n from pgwitness.passages, unnest(tsvector_to_array(words)) as lexeme group by 1) as real
        full join (select * from pgwitness.words where passages <> 0) as w using (lexeme) where n is distinct from passages) as words`)
    expect(wrong).toEqual({ sums: 0, documents: 0, words: 0 })
  }

  it('finds settings, commands and error codes exactly', async () => {
    expect((await ask('max_wal_size'))[0]).toBe('GUC-MAX-WAL-SIZE')
    expect((await ask('what does wal_keep_size do?'))[0]).toBe('GUC-WAL-KEEP-SIZE')
    expect((await ask('CREATE INDEX CONCURRENTLY'))[0]).toBe('SQL-CREATEINDEX-CONCURRENTLY')
    expect((await ask('ERROR 40P01'))[0]).toBe('ERRCODES-TABLE')
    expect((await ask('55p03'))[0]).toBe('ERRCODES-TABLE-2')
  })

  it('knows the words of the trade, other forms and slips of the pen', async () => {
    expect((await ask('cic'))[0]).toBe('SQL-CREATEINDEX-CONCURRENTLY')
    expect((await ask('fk'))[0]).toBe('DDL-CONSTRAINTS-FK')
    expect((await ask('autovac'))[0]).toBe('AUTOVACUUM')
    expect((await ask('identified uniquely'))[0]).toBe('DDL-CONSTRAINTS-PRIMARY-KEYS')
  })

  it('quotes the sentence that answers, literally, and says where it is from', async () => {
    const [first] = await base.search({ text: 'which option builds an index without locking out writes', limit: 1 }, signal)
    expect(first).toMatchObject({
      url: 'https://www.postgresql.org/docs/17/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
      title: 'CREATE INDEX › Building Indexes Concurrently',
      source: 'manual-17',
      type: 'manual',
      trust: 'high',
      licence: 'PostgreSQL',
      versions: { from: 17, to: 17 },
    })
    expect(first?.text).toContain(first?.quote)
    expect(first?.quote).toContain('without locking out writes')
  })

  it('answers what it cannot find, or cannot read, with nothing', async () => {
    for (const text of [
      '',
      '   ',
      '???',
      'of the and',
      'zzqqxx',
      "'; drop table pgwitness.words; --",
      '\0',
      '\\',
      "'''",
      ':*',
      '!!! | & <->',
      'x'.repeat(100_000),
    ]) {
      expect(await base.search({ text, limit: 5, postgres: 17 }, signal)).toEqual(expect.any(Array))
    }
    expect(await ask('zzqqxx')).toEqual([])
    expect(await ask('max_wal_size', { types: ['article'] })).toEqual([])
    expect(await ask('max_wal_size', { types: [] })).toEqual([])
    const aborted = AbortSignal.abort(new Error('enough'))
    await expect(base.search({ text: 'max_wal_size', limit: 5 }, aborted)).rejects.toThrow('enough')
  })

  it('cites what supports a statement, and nothing for one that has no support', async () => {
    const citation = await base.cite('CREATE INDEX locks out writes but not reads', 17, signal)
    expect(citation).toMatchObject({ title: 'CREATE INDEX', url: 'https://www.postgresql.org/docs/17/sql-createindex.html' })
    expect(citation?.quote).toContain('locks out writes (but not reads)')
    expect(await base.cite('Bananas are rich in potassium and grow in Ecuador', 17, signal)).toBeUndefined()
  })

  it('prefers the version of the asker and gives one page once', async () => {
    const old = PAGES.slice(0, 2).map((one) => ({ ...one, url: one.url.replace('/17/', '/14/'), versions: { from: 14, to: 14 } }))
    await base.declare({ name: 'manual-14', type: 'manual', postgres: 14, path: '/nowhere' })
    await base.sync('manual-14', sourceOf(old), context)
    const urls = async (postgres?: number): Promise<string[]> =>
      (await base.search({ text: 'max_wal_size', postgres, limit: 5 }, signal)).map(({ url }) => url)
    const at = (version: number): string => `https://www.postgresql.org/docs/${version}/runtime-config-wal.html#GUC-MAX-WAL-SIZE`
    expect((await urls(14))[0]).toBe(at(14))
    expect((await urls(15))[0]).toBe(at(14))
    expect((await urls())[0]).toBe(at(17))
    expect(await urls(14)).not.toContain(at(17))
    await base.remove('manual-14')
    expect((await urls(14))[0]).toBe(at(17))
    await expectSound()
  })

  it('keeps a declaration, and refuses another type under its name', async () => {
    expect(await base.list()).toMatchObject([{ declaration: MANUAL, documents: 5, passages: 10, syncedAt: expect.any(Date) }])
    await expect(base.declare({ ...MANUAL, type: 'release-notes' })).rejects.toThrow(UserError)
    await expect(base.remove('nobody')).rejects.toThrow(UserError)
    await expect(base.sync('nobody', sourceOf([]), context)).rejects.toThrow(UserError)
  })

  it('reads on where a sync was cut off, and loses or doubles nothing', async () => {
    const name = 'article-a'
    await base.declare({
      name,
      type: 'article',
      author: 'Ada',
      permission: 'hers',
      url: 'https://a.example',
      verified: false,
      path: '/nowhere',
    })
    const many = Array.from({ length: 90 }, (_, index) => page(`p${index}`, `Page ${index}`, [block(`The walrus number ${index} sleeps.`)]))
    const cut = sourceOf(many, (index) => {
      if (index === 70) throw new ServiceError('forge', 'went away')
      return undefined
    })
    await expect(base.sync(name, cut, context)).rejects.toThrow('went away')
    await expectSound()
    const stopped = new AbortController()
    const stopping = sourceOf(many, (index) => {
      if (index === 80) stopped.abort(new Error('stopped'))
      return undefined
    })
    await expect(base.sync(name, stopping, { ...context, signal: stopped.signal })).rejects.toThrow('stopped')
    await expectSound()
    const rest = await base.sync(name, sourceOf(many), context)
    expect(rest).toMatchObject({ removed: 0, failed: [] })
    expect(rest.added + rest.unchanged).toBe(90)
    expect(rest.unchanged).toBeGreaterThan(60)
    expect(await base.sync(name, sourceOf(many), context)).toMatchObject({ added: 0, changed: 0, unchanged: 90, removed: 0, passages: 0 })
    await expectSound()
    // One changed, one that cannot be read, one gone; and an incomplete read removes nothing.
    const later = many.slice(1).map((one) => (one.key === 'p5' ? { ...one, revision: '2', blocks: [block('The otter swims.')] } : one))
    await expect(
      base.sync(
        name,
        sourceOf(later, (index) => {
          if (index === 50) throw new ServiceError('forge', 'again')
          return undefined
        }),
        context,
      ),
    ).rejects.toThrow()
    expect((await base.list()).find(({ declaration }) => declaration.name === name)).toMatchObject({ documents: 90 })
    const failing = sourceOf(later, (index) => (index === 9 ? { kind: 'failed', key: 'p10', reason: 'it is broken' } : undefined))
    expect(await base.sync(name, failing, context)).toMatchObject({ removed: 1, unchanged: 88, failed: [{ key: 'p10' }] })
    expect(await ask('otter', { types: ['article'] })).toEqual(['p5'])
    expect((await base.search({ text: 'walrus number 5', limit: 90 }, signal)).map(({ text }) => text)).not.toContain(
      'The walrus number 5 sleeps.',
    )
    expect((await base.list()).find(({ declaration }) => declaration.name === name)).toMatchObject({ documents: 89 })
    await expectSound()
    await base.remove(name)
    await expectSound()
  })

  it('stores what is odd, refuses what it cannot, and keeps the rest', async () => {
    const name = 'odd'
    await base.declare({ name, type: 'web-page', urls: ['https://a.example'], hosts: ['a.example'] })
    const odd = [
      page('nul', 'NUL \0 and half \ud83d', [block("quolls \0 \ud83d '\\ : \\' it''s", { term: 'a\0b', breadcrumb: ['\0'] })]),
      page('long', 'Long', [block('platypus '.repeat(40_000))]),
      page('empty', 'Empty', []),
      page('k'.repeat(3_000), 'Key', [block('echidna')]),
      page('words', 'Words', [block(`numbat ${Array.from({ length: 3_000 }, (_, index) => `word${index}`).join(' ')}`)]),
      page('twice', 'Twice', [block('the first quokka')]),
      page('twice', 'Twice', [block('the second quokka')], { revision: '2' }),
    ]
    expect(await base.sync(name, sourceOf(odd), context)).toMatchObject({ failed: [{ key: expect.stringMatching(/^k+$/) }] })
    expect(await ask('quolls')).toEqual(['nul'])
    expect(await ask('platypus')).toContain('long')
    expect(await ask('numbat')).toEqual(['words'])
    expect((await base.search({ text: 'quokka', limit: 5 }, signal)).map(({ text }) => text)).toEqual(['the second quokka'])
    await expectSound()
    await base.remove(name)
  })

  it('takes two syncs of one source at once', async () => {
    const name = 'both'
    await base.declare({ name, type: 'mailing-list', list: 'x', trustedAuthors: [], path: '/nowhere' })
    const many = Array.from({ length: 80 }, (_, index) =>
      page(`m${index}`, `Mail ${index}`, [block(`wombat ${index} ${index % 7} burrow`)]),
    )
    await Promise.all([base.sync(name, sourceOf(many), context), base.sync(name, sourceOf(many.toReversed()), context)])
    expect((await base.list()).find(({ declaration }) => declaration.name === name)).toMatchObject({ documents: 80, passages: 80 })
    await expectSound()
    await base.remove(name)
  })

  it('goes on after kill -9, with nothing lost and nothing twice', async () => {
    const own = await storage.create()
    const killed = await runUntilKilled(own)
    expect(killed).toBe('SIGKILL')
    const again = await openAddress(own)
    try {
      const other = await postgresKnowledgeBase(again)
      const [cut] = await other.list()
      expect(cut?.documents).toBeGreaterThan(0)
      expect(cut?.documents).toBeLessThan(MANY)
      expect(cut?.syncedAt).toBeNull()
      const report = await other.sync('killed', manyDocuments(), context)
      expect(report).toMatchObject({ changed: 0, removed: 0, unchanged: cut?.documents, added: MANY - (cut?.documents ?? 0) })
      const [rows] = await again.query(`select count(*)::int as all, count(distinct document)::int as documents from pgwitness.passages`)
      expect(rows).toEqual({ all: 2 * MANY, documents: MANY })
      await expectSound(again)
    } finally {
      await again.close()
    }
  })

  it('searches on the replica, and stores on the primary', async () => {
    const asked: string[] = []
    const watched = (name: string): Database => ({
      ...database,
      query: async (sql, parameters) => {
        asked.push(name)
        return await database.query(sql, parameters)
      },
    })
    const other = await postgresKnowledgeBase(watched('primary'), { replica: watched('replica') })
    asked.length = 0
    expect(await other.search({ text: 'max_wal_siez', limit: 1 }, signal)).toHaveLength(1)
    await other.cite('autovacuum automates the execution of VACUUM', 17, signal)
    expect(new Set(asked)).toEqual(new Set(['replica']))
    asked.length = 0
    await other.list()
    expect(asked).toEqual(['primary'])
  })

  it('takes no more from a source than it has stored', async () => {
    let [given, stored] = [0, 0]
    const watching: Database = {
      ...database,
      transaction: async (work, locks) => {
        const result = await database.transaction(work, locks)
        stored++
        return result
      },
    }
    const other = await postgresKnowledgeBase(watching)
    await other.declare({
      name: 'slow',
      type: 'article',
      author: 'Ada',
      permission: 'hers',
      url: 'https://a.example',
      verified: false,
      path: '/nowhere',
    })
    let ahead = 0
    const source: Source = {
      async *read() {
        for (; given < 200; given++) {
          ahead = Math.max(ahead, given - stored * 32)
          yield { kind: 'document', document: page(`s${given}`, 'S', [block('bilby')]) }
        }
      },
    }
    await other.sync('slow', source, context)
    expect(ahead).toBeLessThanOrEqual(32)
    await base.remove('slow')
  })
})

describe('with vectors, on the embedded database', () => {
  let storage: Storage
  let database: Database
  beforeAll(async () => {
    storage = await (STORAGES[0] as (typeof STORAGES)[0]).start()
    database = await openAddress(await storage.create())
  })
  afterAll(async () => {
    await database?.close()
    await storage?.[Symbol.asyncDispose]()
  })
  const tables = async (): Promise<string[]> =>
    (await database.query<{ name: string }>(`select relname as name from pg_class where relname ~ '^vectors_[0-9]+$' order by 1`)).map(
      ({ name }) => name,
    )
  const vectors = async (): Promise<number> => {
    const counts = await Promise.all(
      (await tables()).map(async (name) => await database.query<{ n: number }>(`select count(*)::int as n from pgwitness.${name}`)),
    )
    return counts.reduce((sum, [row]) => sum + (row?.n ?? 0), 0)
  }

  test('finds by meaning what full text does not, and tells of an endpoint that fails', async () => {
    const good = hashingEmbedder({ name: 'hash-a', dimensions: 64 })
    let fails = true
    const flaky: Embedder = {
      ...good,
      embed: async (texts, model, at) => {
        if (fails && texts.length > 1) throw new ServiceError('embeddings', 'half-way')
        return await good.embed(texts, model, at)
      },
    }
    const base = await postgresKnowledgeBase(database, { embedder: flaky })
    await base.declare(MANUAL)
    const report = await base.sync(MANUAL.name, sourceOf(PAGES), context)
    expect(report).toMatchObject({ added: 5, problems: [{ problem: expect.stringContaining('half-way') }] })
    expect((await base.search({ text: 'max_wal_size', limit: 1 }, signal))[0]?.url).toContain('GUC-MAX-WAL-SIZE')
    fails = false
    expect(await base.sync(MANUAL.name, sourceOf(PAGES), context)).toMatchObject({ unchanged: 5, problems: [] })
    expect(await vectors()).toBe(10)
    expect((await base.search({ text: 'max_wal_size', limit: 5 }, signal))[0]?.url).toContain('GUC-MAX-WAL-SIZE')
    // No word of it is stored, but letters are near: the hashing embedder reads these.
    expect((await base.search({ text: 'wraparoundfailuresfrozenrows', limit: 3 }, signal)).map(({ url }) => url).join()).toContain(
      'WRAPAROUND',
    )
    await base.close()
  })

  test('a new model serves when it is complete; until then the old one does', async () => {
    const asked: string[] = []
    const next = hashingEmbedder({ name: 'hash-b', dimensions: 32 })
    let broken = true
    const embedder: Embedder = {
      ...next,
      embed: async (texts, model, at) => {
        asked.push(model.name)
        if (broken && model.name === 'hash-b') return texts.map(() => Array.from({ length: 32 }, () => Number.NaN))
        return await next.embed(texts, model, at)
      },
    }
    const base = await postgresKnowledgeBase(database, { embedder })
    const report = await base.sync(MANUAL.name, sourceOf(PAGES), context)
    expect(report.problems[0]?.problem).toContain('no finite number')
    asked.length = 0
    await base.search({ text: 'wraparoundfailuresfrozenrows', limit: 3 }, signal)
    expect(asked).toEqual(['hash-a'])
    broken = false
    await base.sync(MANUAL.name, sourceOf(PAGES), context)
    asked.length = 0
    expect((await base.search({ text: 'wraparoundfailuresfrozenrows', limit: 3 }, signal)).length).toBeGreaterThan(0)
    expect(asked).toEqual(['hash-b'])
    expect(await tables()).toHaveLength(1)
    expect(await vectors()).toBe(10)
    await base.close()
  })

  test.each([
    ['too few vectors', (texts: readonly string[]) => texts.slice(1).map(() => [1, 2, 3]), /vectors for/],
    ['wrong dimensions', (texts: readonly string[]) => texts.map(() => [1, 2]), /2 dimensions/],
    ['zeros', (texts: readonly string[]) => texts.map(() => [0, 0, 0]), /zeros/],
    ['infinity', (texts: readonly string[]) => texts.map(() => [1, Number.POSITIVE_INFINITY, 3]), /finite/],
  ])('refuses %s', async (_, give, message) => {
    const embedder: Embedder = { model: { name: 'bad', dimensions: 3 }, batch: 4, embed: async (texts) => give(texts) }
    const base = await postgresKnowledgeBase(database, { embedder })
    const report = await base.sync(MANUAL.name, sourceOf(PAGES), context)
    expect(report.problems[0]?.problem).toMatch(message)
    await base.close()
  })

  test('IVFFlat, where there is no HNSW, and vectors go with their passages', async () => {
    const embedder = hashingEmbedder({ name: 'hash-c', dimensions: 48 })
    const base = await postgresKnowledgeBase(database, { embedder, vectorIndex: { method: 'ivfflat', indexedFrom: 1 } })
    await base.sync(MANUAL.name, sourceOf(PAGES), context)
    const indexes = await database.query<{ indexdef: string }>(
      `select indexdef from pg_indexes where tablename ~ '^vectors_' and indexdef ~ 'ivfflat'`,
    )
    expect(indexes).toHaveLength(1)
    expect((await base.search({ text: 'wraparoundfailuresfrozenrows', limit: 3 }, signal)).map(({ url }) => url).join()).toContain(
      'WRAPAROUND',
    )
    await base.sync(MANUAL.name, sourceOf(PAGES.slice(1)), context)
    expect(await vectors()).toBe(8)
    await base.remove(MANUAL.name)
    expect(await vectors()).toBe(0)
    await base.close()
  })
})
