import { spawnSync } from 'node:child_process'
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { UserError } from '../src/errors.ts'
import type { SourceDeclaration } from '../src/knowledge/declaration.ts'
import type { KnowledgeBase } from '../src/knowledge/knowledge-base.ts'
import { readHalf } from '../src/knowledge/operating/half.ts'
import { openUpkeep } from '../src/knowledge/operating/open-upkeep.ts'
import { openTransferFile, writeTransferFile } from '../src/knowledge/operating/transfer-file.ts'
import { postgresKnowledgeBase } from '../src/knowledge/postgres.ts'
import type { Upkeep } from '../src/knowledge/upkeep.ts'
import { openAddress, STORAGES, type Storage } from './fixtures/databases.ts'
import { hashingEmbedder } from './fixtures/hashing-embedder.ts'
import { ARTICLES, fill, HOW_TOS, howTos, MANUAL, MODEL, NEWER, pages } from './fixtures/knowledge/transfer-base.ts'

const signal = new AbortController().signal
const all = { only: [], dryRun: false, signal, progress() {} }
const doctor = { fix: false, staleDays: 90, signal, progress() {} }

/** Two in each page of the two manuals. */
const PASSAGES = HOW_TOS + 12

interface Place {
  url: string
  database: Database
  base: KnowledgeBase
  upkeep: Upkeep
}

const storages: Storage[] = []
const folders: string[] = []
let full: Place
let file: string

async function open(kind: string, embedder = hashingEmbedder(MODEL)): Promise<Place> {
  const storage = await (STORAGES.find(({ name }) => name === kind) ?? STORAGES[0])?.start()
  if (!storage) throw new Error(`there is no ${kind}`)
  storages.push(storage)
  const address = await storage.create()
  if (address.kind === 'embedded') folders.push(address.folder)
  const database = await openAddress(address)
  return {
    url: address.kind === 'postgres' ? address.url : '',
    database,
    base: await postgresKnowledgeBase(database, { embedder }),
    upkeep: openUpkeep(database, { model: embedder.model }),
  }
}

let empty: Place

beforeAll(async () => {
  full = await open('embedded')
  await fill(full.base, MANUAL, pages(17))
  await fill(full.base, NEWER, pages(18))
  await fill(full.base, ARTICLES, howTos())
  file = join(folders[0] as string, 'base.knowledge')
  await full.upkeep.export(file, all)
  empty = await open('embedded')
}, 120_000)
afterAll(async () => {
  for (const place of [full, empty]) {
    await place?.base.close()
    await place?.database.close()
  }
  for (const storage of storages) await storage[Symbol.asyncDispose]()
})

/** What a search tells, but for the numbers that rows have, and for scores: those are of places, which equals change among each other. */
async function answers({ base }: Place, text: string): Promise<object[]> {
  return (await base.search({ text, limit: 8, postgres: 17, types: ['manual'] }, signal)).map(({ id: _, score: __, ...rest }) => rest)
}

/** What does not depend on the disk. */
async function told({ upkeep }: Place): Promise<object> {
  const { sources, total, models, costs } = await upkeep.statistics()
  return {
    sources: sources.map(({ tableBytes: _, indexBytes: __, importedFrom: ___, ...source }) => source),
    total: { ...total, tableBytes: 0, indexBytes: 0, vectorBytes: 0 },
    models,
    costs,
  }
}

async function linesOf(path: string): Promise<string[]> {
  await using opened = await openTransferFile(path)
  const lines: string[] = []
  for await (const line of opened.lines(signal)) lines.push(line)
  return lines
}

async function forget({ base }: Place): Promise<void> {
  for (const { declaration } of await base.list()) await base.remove(declaration.name)
}

describe('statistics', () => {
  test('tell what there is of each source, and what it would cost to embed it anew', async () => {
    const { sources, total, models, costs } = await full.upkeep.statistics()
    expect(sources).toMatchObject([
      {
        name: 'how-tos',
        type: 'article',
        documents: HOW_TOS,
        passages: HOW_TOS,
        oldest: '2026-01-02',
        newest: '2026-01-02',
        isSizeShared: false,
        missingVectors: [0],
      },
      {
        name: 'manual-17',
        documents: 3,
        passages: 6,
        oldest: '2017-05-01',
        syncedAt: expect.any(String),
        isSizeShared: true,
        importedFrom: null,
      },
      { name: 'manual-18', documents: 3, passages: 6, isSizeShared: true },
    ])
    const [row] = await full.database.query<{ tokens: number }>('select sum(tokens)::float8 as tokens from pgwitness.passages')
    expect(total).toMatchObject({ documents: HOW_TOS + 6, passages: PASSAGES, tokens: row?.tokens })
    expect(Math.min(total.tableBytes, total.indexBytes, total.vectorBytes, sources[1]?.tableBytes ?? 0)).toBeGreaterThan(0)
    expect(models).toEqual([{ ...MODEL, isComplete: true, vectors: PASSAGES, missing: 0 }])
    // With titles.
    expect(costs).toEqual([{ model: 'letters', tokens: (row?.tokens ?? 0) + PASSAGES * 12, price: null, usd: null, source: null }])
  })

  test('know prices that are configured and those of OpenAI', async () => {
    const [{ tokens = 0 } = {}] = (await full.upkeep.statistics()).costs
    const own = await openUpkeep(full.database, { model: MODEL, price: 2 }).statistics()
    expect(own.costs).toEqual([{ model: 'letters', tokens, price: 2, usd: (tokens * 2) / 1e6, source: 'configuration' }])
    const large = await openUpkeep(full.database, { model: { name: 'text-embedding-3-large', dimensions: 3072 } }).statistics()
    expect(large.costs[0]).toMatchObject({ price: 0.13, source: expect.stringMatching(/openai\.com.*\d{4}-\d\d-\d\d/) })
    expect((await openUpkeep(empty.database).statistics()).costs.map(({ model }) => model)).toEqual([
      'text-embedding-3-small',
      'text-embedding-3-large',
    ])
  })

  test('say of which sources vectors are missing', async () => {
    await full.database.query(
      `delete from pgwitness.vectors_1 using pgwitness.passages p, pgwitness.documents d where p.id = passage and d.id = p.document and d.key like 'sql%' and d.source = 'manual-18'`,
    )
    const { sources, models } = await full.upkeep.statistics()
    expect(models).toMatchObject([{ vectors: PASSAGES - 2, missing: 2 }])
    expect(sources.map(({ missingVectors }) => missingVectors)).toEqual([[0], [0], [2]])
    expect(await full.upkeep.examine(doctor)).toMatchObject([{ kind: 'missing-vectors', source: 'manual-18', count: 2 }])
    await fill(full.base, NEWER, pages(18))
    await full.upkeep.export(file, all)
  })
})

describe('a file', () => {
  test('carries everything to another base: the same statistics, the same answers, the same file again', async () => {
    const report = await empty.upkeep.import(file, all)
    expect(report).toMatchObject({
      model: MODEL,
      vectors: PASSAGES,
      sources: [{ name: 'how-tos', documents: HOW_TOS, replaced: false }, {}, {}],
    })
    expect(await told(empty)).toEqual(await told(full))
    for (const question of ['max size of the WAL', 'index without locking out writes', 'fk', 'constraint zürich'])
      expect(await answers(empty, question)).toEqual(await answers(full, question))
    const [walrus] = await (await postgresKnowledgeBase(empty.database)).search({ text: 'walrus 212', limit: 1 }, signal)
    expect(walrus).toMatchObject({ title: 'How-to 212', author: 'Ada Lovelace', trust: 'high', licence: 'CC-BY-4.0' })
    const again = `${file}.again`
    await empty.upkeep.export(again, all)
    const [head, ...rest] = await linesOf(again)
    const [oldHead, ...oldRest] = await linesOf(file)
    expect(rest).toEqual(oldRest)
    expect(head).not.toEqual(oldHead)
    expect(await empty.upkeep.examine(doctor)).toEqual([])
  })

  test('keeps author and permission, and follows no path of the machine it comes from', async () => {
    const declarations = (await empty.base.list()).map(({ declaration }) => declaration)
    const at = expect.any(String)
    expect(declarations).toEqual([
      { ...ARTICLES, path: '', imported: { path: '/of/the/exporter/how-tos', at } },
      { name: 'manual-17', type: 'manual', postgres: 17, imported: { path: '/of/the/exporter/manual', at } },
      NEWER,
    ])
    const { openSource } = await import('../src/assemble-knowledge.ts')
    await expect(openSource(declarations[0] as typeof ARTICLES)).rejects.toThrow(/how-tos was imported.*kb add --name how-tos/s)
    // Pointed to a place of this machine it stays there, and is exported with where it came from otherwise.
    await empty.base.declare({ ...(ARTICLES as object), path: '/here' } as SourceDeclaration)
    const { notes } = await empty.upkeep.import(file, all)
    expect(notes).toEqual([expect.stringContaining('manual-17 came from /of/the/exporter/manual')])
    expect((await empty.base.list()).map(({ declaration }) => ('path' in declaration ? declaration.path : null))).toEqual([
      '/here',
      null,
      null,
    ])
  })

  test('leaves what is the same untouched, replaces the rest, and removes what it does not have', async () => {
    const ids = async () => await empty.database.query<{ id: string }>('select id from pgwitness.passages order by id')
    const before = await ids()
    await empty.upkeep.import(file, all)
    expect(await ids()).toEqual(before)
    const changed = howTos().map((document, index) => (index === 7 ? { ...document, url: 'https://ada.example/other' } : document))
    await fill(empty.base, ARTICLES, [...changed.slice(2), { ...(howTos()[9] as (typeof changed)[0]), key: 'walrus-zero.md' }])
    expect(await told(empty)).not.toEqual(await told(full))
    const report = await empty.upkeep.import(file, { ...all, only: ['how-tos'] })
    expect(report.sources).toMatchObject([{ name: 'how-tos', replaced: true }])
    expect(await told(empty)).toEqual(await told(full))
    expect(await empty.upkeep.examine(doctor)).toEqual([])
  })

  test('refuses a source that is another here, and a name that it does not have; --dry-run stores nothing', async () => {
    await forget(empty)
    await fill(empty.base, { ...ARTICLES, name: 'manual-17' }, howTos(2))
    await expect(empty.upkeep.import(file, all)).rejects.toThrow(/manual-17 is article here and manual in the file/)
    await expect(empty.upkeep.import(file, { ...all, only: ['nobody'] })).rejects.toThrow(/no source nobody.*how-tos/)
    await expect(full.upkeep.export(file, { ...all, only: ['nobody'] })).rejects.toThrow(UserError)
    expect((await empty.upkeep.import(file, { ...all, only: ['how-tos'], dryRun: true })).sources).toHaveLength(1)
    expect((await empty.base.list()).map(({ declaration }) => declaration.name)).toEqual(['manual-17'])
  })

  test('goes on where it was cut off', async () => {
    await forget(empty)
    const stop = new AbortController()
    const progress = (what: string) => {
      if (/^Importing: 2[6-9]\d /.test(what)) stop.abort(new Error('cut off'))
    }
    await expect(empty.upkeep.import(file, { ...all, signal: stop.signal, progress })).rejects.toThrow('cut off')
    const [cut] = await empty.database.query<{ documents: number; synced_at: Date | null }>(
      'select documents::int, synced_at from pgwitness.sources',
    )
    expect(cut).toEqual({ documents: 256, synced_at: null })
    expect(await empty.upkeep.examine(doctor)).toMatchObject([
      { kind: 'unfinished', source: 'how-tos', advice: expect.stringContaining('Import its file again') },
    ])
    await empty.upkeep.import(file, all)
    expect(await told(empty)).toEqual(await told(full))
  })

  test('leaves out vectors of another model, and says so', async () => {
    await forget(empty)
    await empty.database.query('drop table pgwitness.vectors_1; delete from pgwitness.embedding_models')
    const other = openUpkeep(empty.database, { model: { name: 'words', dimensions: 16 } })
    expect(await other.import(file, all)).toMatchObject({ vectors: 0, notes: [expect.stringMatching(/letters \(16 .*words \(16/), {}, {}] })
    expect((await other.statistics()).models).toEqual([])
    // Whoever has none configured, and none stored, keeps them for later.
    expect(await openUpkeep(empty.database).import(file, all)).toMatchObject({ vectors: PASSAGES })
    expect(await told(empty)).toEqual(await told(full))
  })
})

describe('a file that is not what was exported', () => {
  let before: object
  beforeAll(async () => {
    before = await told(empty)
  })
  const expectRefused = async (path: string, why: RegExp): Promise<void> => {
    const failed = await empty.upkeep.import(path, all).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failed).toBeInstanceOf(UserError)
    expect((failed as Error).message).toMatch(why)
    expect(await told(empty)).toEqual(before)
  }

  test('is refused when it is cut off, changed or longer', async () => {
    const bytes = await readFile(file)
    const damaged = `${file}.damaged`
    for (const at of [23, Math.floor(bytes.length / 2), bytes.length - 33, bytes.length - 1]) {
      await writeFile(damaged, bytes.with(at, (bytes[at] as number) ^ 1))
      await expectRefused(damaged, /checksum/)
      await truncate(damaged, at)
      await expectRefused(damaged, /checksum|cut off/)
    }
    await writeFile(damaged, bytes)
    await appendFile(damaged, 'more')
    await expectRefused(damaged, /checksum/)
    for (const text of ['', 'PGWITNESS', 'PK\u0003\u0004 something else']) {
      await writeFile(damaged, text)
      await expectRefused(damaged, /no knowledge base/)
    }
    await writeFile(damaged, Buffer.concat([Buffer.from('PGWITNESS KNOWLEDGE 2\n'), bytes.subarray(22)]))
    await expectRefused(damaged, /format 2.*newer/)
    await expectRefused(folders[0] as string, /no file|EISDIR/)
    await expectRefused('/nowhere/base', /ENOENT/)
    await expect(full.upkeep.export('/nowhere/base', all)).rejects.toThrow(/cannot be written: ENOENT/)
  })

  /** The exported records, changed, as a file whose checksum is right. */
  const forged = async (change: (lines: string[]) => string[]): Promise<string> => {
    const lines = change(await linesOf(file))
    const path = `${file}.forged`
    await writeTransferFile(
      path,
      (async function* () {
        yield* lines
      })(),
      signal,
    )
    return path
  }
  type Fields = Record<string, unknown>
  /** Changes the first record of a kind. */
  const first = (kind: string, change: (record: Fields) => unknown) => (lines: string[]) => {
    const at = lines.findIndex((line) => line.startsWith(`{"kind":"${kind}"`))
    return lines.with(at, JSON.stringify(change(JSON.parse(lines[at] as string) as Fields)))
  }
  const header = (change: (sources: Fields[]) => void) =>
    first('header', (record) => {
      change(record.sources as Fields[])
      return record
    })
  const swap = (lines: string[], a: number, b: number): string[] => lines.with(a, lines[b] as string).with(b, lines[a] as string)
  const at = (lines: string[], kind: string, nth = 0): number =>
    lines.flatMap((line, index) => (line.startsWith(`{"kind":"${kind}"`) ? [index] : []))[nth] as number

  const FORGERIES: Array<[string, RegExp, (lines: string[]) => string[]]> = [
    ['no header', /header/, (lines) => lines.slice(1)],
    ['two headers', /two headers/, (lines) => [lines[0] as string, ...lines]],
    ['no end', /end is missing/, (lines) => lines.slice(0, -1)],
    ['more after the end', /after its end/, (lines) => [...lines, lines.at(-1) as string]],
    ['a document after the end', /of no source/, (lines) => [...lines, lines[at(lines, 'document')] as string]],
    ['no JSON', /record 2 is no JSON/, (lines) => lines.with(1, '{')],
    ['an unknown kind', /record 2/, (lines) => lines.with(1, '{"kind":"table"}')],
    ['two sources of a name', /two sources of the name how-tos/, header((sources) => sources.push(sources[0] as Fields))],
    ['sources in another order', /not the one its header has/, header((sources) => sources.reverse())],
    ['a source that the header does not know', /not the one/, first('source', () => ({ kind: 'source', name: 'other' }))],
    [
      'a source left out',
      /more or less|sources are missing/,
      (lines) => [...lines.slice(0, at(lines, 'source', 2)), lines.at(-1) as string],
    ],
    ['documents in another order', /order of their keys/, (lines) => swap(swap(lines, 2, 4), 3, 5)],
    ['a document twice', /order of their keys/, (lines) => lines.toSpliced(2, 0, ...lines.slice(2, 4))],
    ['a document less', /more or less/, (lines) => lines.toSpliced(2, 2)],
    ['a passage before its document', /of no document|of no source/, (lines) => swap(lines, 2, 3)],
    [
      'passages in another order',
      /passages of a document are not in their order/,
      (lines) => swap(lines, lines.length - 2, lines.length - 3),
    ],
    ['a field more', /unrecognized/i, first('document', (record) => ({ ...record, id: 1 }))],
    ['a prototype', /unrecognized/i, (lines) => lines.with(2, (lines[2] as string).replace('{', '{"__proto__":{"isAdmin":true},'))],
    ['a NUL', /NUL/, first('passage', (record) => ({ ...record, text: 'a\0b' }))],
    ['half a character', /half a character/, (lines) => lines.with(3, (lines[3] as string).replace('Walrus', '\\ud83d'))],
    ['a NUL in a key', /NUL/, first('document', (record) => ({ ...record, key: '\0' }))],
    ['a key no index takes', /key/, first('document', (record) => ({ ...record, key: 'x'.repeat(3_000) }))],
    ['an address that runs', /no address/, first('document', (record) => ({ ...record, url: 'javascript:alert(1)' }))],
    ['too much trust', /trusted more/, first('document', (record) => ({ ...record, trust: 'highest' }))],
    ['versions backwards', /backwards/, first('document', (record) => ({ ...record, versions: { from: 18, to: 17 } }))],
    [
      'a name that is a path',
      /name/,
      header((sources) => Object.assign((sources[0] as { declaration: Fields }).declaration, { name: '../../etc' })),
    ],
    [
      'a declaration with a field more',
      /record 1/,
      header((sources) => Object.assign((sources[0] as { declaration: Fields }).declaration, { x: 1 })),
    ],
    ['a number that is none', /record 4/, (lines) => lines.with(3, (lines[3] as string).replace(/"tokens":\d+/, '"tokens":1e999'))],
    ['a short vector', /16 numbers/, first('passage', (record) => ({ ...record, vector: 'AAAA' }))],
    ['a vector that is no base64', /16 numbers/, first('passage', (record) => ({ ...record, vector: `${'!'.repeat(42)}==` }))],
    ['a vector of NaN', /no number/, first('passage', (record) => ({ ...record, vector: Buffer.alloc(32, 0xff).toString('base64') }))],
    ['a vector of nothing', /nothing at all/, first('passage', (record) => ({ ...record, vector: Buffer.alloc(32).toString('base64') }))],
    ['vectors of no model', /names no model/, first('header', (record) => ({ ...record, embedding: null }))],
    ['vectors less than told', /more or less/, first('passage', (record) => ({ ...record, vector: null }))],
    ['a record without end', /longer than/, (lines) => [...lines, ' '.repeat(9_000_000)]],
  ]
  test.each(FORGERIES)('is refused with %s', async (_, why, change) => await expectRefused(await forged(change), why))

  test('leaves out single documents that Postgres cannot store, and says so', async () => {
    const path = await forged((lines) => {
      const last = at(lines, 'document', HOW_TOS - 1)
      // More than an index takes, and nothing that could be compressed.
      const letters = Array.from({ length: 900 }, (_, index) => String.fromCodePoint(0x20000 + ((index * 40_503) % 0xa000)))
      const long = { ...(JSON.parse(lines[last] as string) as Fields), key: `\u{1f418}${letters.join('')}` }
      return lines.with(last, JSON.stringify(long))
    })
    const { notes } = await empty.upkeep.import(path, all)
    expect(notes).toContainEqual(expect.stringMatching(/how-tos: .* could not be stored: index row/))
    expect((await empty.upkeep.statistics()).sources[0]).toMatchObject({ documents: HOW_TOS - 1 })
    await empty.upkeep.import(file, all)
    expect(await told(empty)).toEqual(before)
  })

  test('is refused when it unpacks to far more than it is', async () => {
    const path = await forged((lines) => {
      const passages = lines[3] as string
      return [
        ...lines.slice(0, 3),
        ...Array.from({ length: 4_000 }, (_, n) =>
          passages.replace('"position":0', `"position":${n}`).replace(/"text":"/, `$&${'x'.repeat(20_000)}`),
        ),
      ]
    })
    expect((await stat(path)).size).toBeLessThan(100_000)
    await expectRefused(path, /unpacks to more|too long/)
  })

  test('halves are read as Postgres writes them', () => {
    const bits = [0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3555, 0x7c00, 0xfc00, 0x7e00]
    expect(bits.map(readHalf)).toEqual([0, -0, 1, -2, 65504, 2 ** -24, 2 ** -14, 0.333251953125, Infinity, -Infinity, Number.NaN])
  })
})

describe('the doctor', () => {
  beforeAll(async () => {
    await forget(empty)
    await empty.upkeep.import(file, all)
  })
  /** What is wrong, and what is left of it when it was mended. */
  const examined = async (): Promise<{ found: object[]; left: object[] }> => {
    const found = await empty.upkeep.examine(doctor)
    expect(await empty.upkeep.examine({ ...doctor, fix: true })).toHaveLength(found.length)
    return { found, left: await empty.upkeep.examine(doctor) }
  }

  test('finds nothing wrong with a base that is right', async () => {
    expect(await empty.upkeep.examine(doctor)).toEqual([])
    expect(await openUpkeep(full.database).examine(doctor)).toEqual([])
  })

  test('finds and removes what belongs to nothing', async () => {
    await empty.database.query(`set session_replication_role = replica;
      delete from pgwitness.documents where key = 'B.md';
      insert into pgwitness.vectors_2 select 'manual', 99999, embedding from pgwitness.vectors_2 limit 1;
      set session_replication_role = origin;
      create table pgwitness.vectors_77 (type text);
      insert into pgwitness.embedding_models (model, dimensions) values ('lost', 3)`)
    const { found, left } = await examined()
    expect(found).toMatchObject([
      { kind: 'orphans', count: 1, what: expect.stringContaining('passages'), examples: [expect.stringContaining('Walrus')] },
      { kind: 'wrong-sums', source: 'how-tos' },
      { kind: 'orphans', count: 1, what: expect.stringContaining('vectors of letters') },
      { kind: 'orphans', what: expect.stringContaining('vectors_77') },
      { kind: 'missing-vectors', what: expect.stringContaining('lost') },
    ])
    expect(left).toEqual([])
    const [words] = await empty.database.query(`select count(*)::int as wrong
      from (select lexeme, count(*) as n from pgwitness.passages, unnest(tsvector_to_array(words)) as lexeme group by 1) as there
      full join (select * from pgwitness.words where passages <> 0) as w using (lexeme) where n is distinct from passages`)
    expect(words).toEqual({ wrong: 0 })
    await empty.upkeep.import(file, all)
  })

  test('finds documents that were begun and those that are there twice; an import or a sync mends them', async () => {
    await empty.database.query(`delete from pgwitness.passages where position = 0 and document in (select id from pgwitness.documents where source = 'manual-18' and key like 'ddl%');
      insert into pgwitness.passages (type, document, position, anchor, kind, breadcrumb, text, tokens, trust, place, length, words)
      select type, document, position, anchor, kind, breadcrumb, text, tokens, trust, place, length, words from pgwitness.passages
      where document in (select id from pgwitness.documents where source = 'manual-17' and key like 'sql%');
      update pgwitness.sources set synced_at = now() - interval '100 days' where name = 'how-tos'`)
    const { found } = await examined()
    expect(found).toMatchObject([
      { kind: 'not-synced', source: 'how-tos', what: expect.stringContaining('100 days') },
      { kind: 'wrong-sums', source: 'manual-17' },
      { kind: 'wrong-sums', source: 'manual-18' },
      { kind: 'duplicates', source: 'manual-17', count: 1, examples: ['sql-createindex'] },
      { kind: 'unfinished', source: 'manual-18', count: 1, examples: ['ddl-constraints'] },
      { kind: 'missing-vectors', source: 'manual-17', count: 2 },
    ])
    expect(await empty.database.query(`select source, key from pgwitness.documents where revision = '' order by 1`)).toEqual([
      { source: 'manual-17', key: 'sql-createindex.html' },
      { source: 'manual-18', key: 'ddl-constraints.html' },
    ])
    await empty.upkeep.import(file, all)
    expect(await empty.upkeep.examine(doctor)).toEqual([])
    expect(await told(empty)).toEqual(await told(full))
  })

  test('finds a source that was declared twice, and passages that lie in another type\u2019s table', async () => {
    await fill(empty.base, { ...NEWER, name: 'manual-eighteen' }, pages(18))
    await empty.database.query(`update pgwitness.passages set type = 'article' where id in (
      select p.id from pgwitness.passages p join pgwitness.documents d on d.id = p.document where d.source = 'manual-17' and p.position = 0 and not exists (select from pgwitness.vectors_2 v where v.passage = p.id))`)
    expect(await empty.upkeep.examine(doctor)).toMatchObject([
      { kind: 'duplicates', count: 3, what: expect.stringContaining('manual-18 and in manual-eighteen') },
    ])
    await empty.database.query(`delete from pgwitness.vectors_2 where passage in (select p.id from pgwitness.passages p join pgwitness.documents d on d.id = p.document where d.source = 'manual-18');
      update pgwitness.passages set type = 'article' where document in (select id from pgwitness.documents where source = 'manual-18')`)
    const found = await empty.upkeep.examine({ ...doctor, fix: true })
    expect(found).toContainEqual(expect.objectContaining({ kind: 'orphans', source: 'manual-18', count: 6, isMended: false }))
    await fill(empty.base, NEWER, pages(18))
    await empty.base.remove('manual-eighteen')
    expect(await empty.upkeep.examine(doctor)).toEqual([])
  })

  test('finds links whose anchor is not there', async () => {
    const text = (link: string): string => `See https://www.postgresql.org/docs/${link}, please.`
    const links = [
      '17/sql-createindex.html#PART-1',
      '17/sql-createindex.html#part-9',
      'current/ddl-constraints.html#PART-0',
      'current/ddl-constraints.html#GONE',
      '9.6/ddl-constraints.html#GONE',
      '17/elsewhere.html#X',
      '18/ddl-constraints.html#id-1.2.3',
    ]
    const [document] = howTos(1)
    if (!document) throw new Error('there is one')
    const blocks = links.map((link) => ({ breadcrumb: [], anchor: null, kind: 'prose' as const, term: null, text: text(link) }))
    await fill(empty.base, { ...ARTICLES, name: 'links' }, [{ ...document, blocks, url: 'https://ada.example/links#top' }])
    await fill(empty.base, { ...ARTICLES, name: 'odd' }, [
      { ...document, url: 'https://ada.example/odd', blocks: blocks.slice(0, 1).map((one) => ({ ...one, anchor: 'two words' })) },
    ])
    expect(await empty.upkeep.examine(doctor)).toMatchObject([
      { kind: 'broken-anchors', source: 'odd', count: 1 },
      {
        kind: 'broken-anchors',
        source: 'links',
        count: 2,
        examples: [
          'https://www.postgresql.org/docs/17/sql-createindex.html#part-9',
          'https://www.postgresql.org/docs/current/ddl-constraints.html#GONE',
        ],
      },
    ])
    for (const name of ['links', 'odd']) await empty.base.remove(name)
  })
})

describe('on a server', () => {
  let server: Place
  beforeAll(async () => {
    server = await open('Postgres 14')
  }, 120_000)
  afterAll(async () => {
    await server?.base.close()
    await server?.database.close()
  })

  test('a file of an embedded base is imported, without vectors where there is no pgvector, and exported again', async () => {
    const report = await server.upkeep.import(file, all)
    expect(report).toMatchObject({ vectors: 0, notes: [expect.stringContaining('no pgvector'), {}, {}] })
    const plain = { ...full, base: await postgresKnowledgeBase(full.database) }
    for (const question of ['max size of the WAL', 'index without locking out writes', 'fk'])
      expect(await answers(server, question)).toEqual(await answers(plain, question))
    const again = `${file}.server`
    await server.upkeep.export(again, all)
    const texts = (lines: string[]): string[] => lines.slice(1, -1).map((line) => line.replace(/"vector":.*/, ''))
    expect(texts(await linesOf(again))).toEqual(texts(await linesOf(file)))
  })

  test('the commands tell it as text and as JSON, and by their exit codes', async () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['src/cli.ts', 'kb', ...args], {
        encoding: 'utf8',
        env: { ...process.env, DATABASE_URL: server.url, NO_COLOR: '1' },
      })
    await server.database.query(`update pgwitness.sources set synced_at = now() - interval '8 days' where name = 'manual-18'`)
    const doctored = run('doctor', '--stale-days', '7', '--format', 'json')
    expect(JSON.parse(doctored.stdout)).toMatchObject({ problems: [{ kind: 'not-synced', source: 'manual-18', isMended: false }] })
    expect(doctored.status).toBe(1)
    expect(run('doctor')).toMatchObject({ status: 0, stdout: 'Nothing is wrong.\n' })
    expect(run('stats').stdout).toMatch(/how-tos +article +300 +300[\s\S]*manual-17 \(\/of\/the\/exporter\/manual\)/)
    const refused = run('import', `${file}.damaged`)
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('is of format 2'), stdout: '' })
  }, 120_000)

  test('an index whose build was cut off is found and built anew', async () => {
    expect(await server.upkeep.examine(doctor)).toEqual([])
    await server.database.query(`insert into pgwitness.words values ('a', 1), ('b', 1)`)
    await expect(server.database.query('create unique index concurrently words_once on pgwitness.words (passages)')).rejects.toThrow()
    expect(await server.upkeep.examine(doctor)).toMatchObject([{ kind: 'invalid-indexes', what: expect.stringContaining('words_once') }])
    // It cannot be built while it is not true, and leaves another half.
    await expect(server.upkeep.examine({ ...doctor, fix: true })).rejects.toThrow(/words_once/)
    await server.database.query(`update pgwitness.words set passages = case lexeme when 'a' then 1001 else 1002 end where lexeme in ('a', 'b');
      delete from pgwitness.words where passages < 1000`)
    expect(await server.upkeep.examine({ ...doctor, fix: true })).toMatchObject([{ isMended: true }, { isMended: true }])
    expect(await server.upkeep.examine(doctor)).toEqual([])
  })
})
