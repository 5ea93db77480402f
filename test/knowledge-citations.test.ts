import { existsSync, readFileSync } from 'node:fs'
import { parse } from 'parse5'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openQuotes } from '../src/assemble-quotes.ts'
import type { Database } from '../src/database/database.ts'
import { literalQuote, MOST_WORDS } from '../src/knowledge/citing/literal-quote.ts'
import { isContrary, polarityOf } from '../src/knowledge/citing/polarity.ts'
import type { Block } from '../src/knowledge/document.ts'
import type { KnowledgeBase } from '../src/knowledge/knowledge-base.ts'
import { postgresKnowledgeBase } from '../src/knowledge/postgres.ts'
import { renderComments } from '../src/reports/comment.ts'
import { renderJson } from '../src/reports/json.ts'
import { renderSarif } from '../src/reports/sarif.ts'
import { renderText } from '../src/reports/text.ts'
import type { Finding } from '../src/review/finding.ts'
import { type Quotes, withQuotes } from '../src/review/quotes.ts'
import { loadRules } from '../src/rules/load.ts'
import { holdsFor, type Rule, rangeOf } from '../src/rules/rule.ts'
import { sourcesFor } from '../src/rules/sources.ts'
import { openAddress, STORAGES, type Storage } from './fixtures/databases.ts'
import { rendered, strangersIn } from './fixtures/rendered.ts'
import { CORPUS } from './fixtures/reports/hostile-corpus.ts'
import { FINDINGS, plainReview } from './fixtures/reports/sample-review.ts'

const rules = await loadRules('rules')
const signal = new AbortController().signal
const MAJORS = [12, 13, 14, 15, 16, 17, 18]
/** `/usr/share/doc`, or a folder that looks like it. */
const DOCUMENTATION = process.env.PGWITNESS_DOCUMENTATION ?? '/usr/share/doc'

describe('a quote is literal or none', () => {
  const text = 'A lock is\n  normally held until the end of the transaction. It is not\trenewed.'

  test('white space counts for nothing, anything else does', () => {
    expect(literalQuote('held until  the end\nof the transaction.', text)).toBe('held until the end of the transaction.')
    expect(literalQuote('It is not renewed.', text)).toBe('It is not renewed.')
    for (const other of ['It is renewed.', 'it is not renewed', 'held until … the transaction', '', ' \n'])
      expect(literalQuote(other, text)).toBeUndefined()
  })
  test('it has at most forty words', () => {
    const words = Array.from({ length: 50 }, (_, index) => `word${index}`)
    expect(literalQuote(words.slice(3, 43).join(' '), words.join('\n'))).toBeDefined()
    expect(literalQuote(words.slice(3, 44).join(' '), words.join('\n'))).toBeUndefined()
  })
})

describe('the same is not the contrary', () => {
  test.each([
    [
      'CREATE INDEX CONCURRENTLY can run inside a transaction block.',
      'a regular CREATE INDEX can be performed within a transaction block, but CREATE INDEX CONCURRENTLY cannot.',
    ],
    ['REINDEX locks out reads but not writes.', "REINDEX locks out writes but not reads of the index's parent table."],
    ['Values can be removed from an enum type.', 'Existing values cannot be removed from an enum type.'],
    ['VACUUM FULL does not lock the table.', 'VACUUM FULL requires a lock on the table.'],
    ['A foreign key automatically creates an index.', 'the declaration of a foreign key constraint does not automatically create an index'],
  ])('%s', (claim, quote) => expect(isContrary(polarityOf(claim), polarityOf(quote))).toBe(true))
  test.each([
    [
      'Adding a CHECK constraint does not rewrite the table.',
      'Adding a CHECK constraint requires scanning the table, but does not require a table rewrite.',
    ],
    [
      'CREATE INDEX CONCURRENTLY cannot run inside a transaction block.',
      'CREATE INDEX can be performed within a transaction block, but CREATE INDEX CONCURRENTLY cannot.',
    ],
    ['CREATE INDEX locks out writes.', 'a standard index build locks out writes (but not reads) on the table'],
  ])('%s', (claim, quote) => expect(isContrary(polarityOf(claim), polarityOf(quote))).toBe(false))
})

describe("the sources of a rule, for the reader's version", () => {
  const entry = (more: Partial<Rule['cite'][number]>) => ({
    title: 'PostgreSQL, X',
    url: 'https://www.postgresql.org/docs/current/x.html#A',
    versions: 'all',
    ...more,
  })

  test('are in the manual of that version, and say so', () => {
    expect(sourcesFor({ cite: [entry({ quote: 'Words.' })] }, 15)).toEqual([
      { title: 'PostgreSQL 15, X', url: 'https://www.postgresql.org/docs/15/x.html#A', quote: 'Words.' },
    ])
  })
  test('of entries with one title the one that the manual has', () => {
    const cite = [entry({ versions: '>=16', quote: 'new' }), entry({ versions: '<16', quote: 'old' })]
    const quotes = [12, 15, 16, 18].map((postgres) => sourcesFor({ cite }, postgres).map(({ url, quote }) => `${quote} ${/\d+/.exec(url)}`))
    expect(quotes).toEqual([['old 12'], ['old 15'], ['new 16'], ['new 18']])
  })
  test('where no manual of that version has it, the nearest version that does', () => {
    expect(sourcesFor({ cite: [entry({ versions: '14-16' })] }, 18)[0]?.url).toContain('/docs/16/')
    expect(sourcesFor({ cite: [entry({ versions: '>=14' })] }, 12)[0]).toMatchObject({
      title: 'PostgreSQL 14, X',
      url: expect.stringContaining('/docs/14/'),
    })
    expect(sourcesFor({ cite: [entry({})] }, 10)[0]?.url).toContain('/docs/12/')
    expect(sourcesFor({ cite: [entry({})] }, 19)[0]?.url).toContain('/docs/18/')
  })
  test('elsewhere they stay as they are', () => {
    expect(sourcesFor({ cite: [entry({ title: 'Our handbook', url: 'https://example.com/docs/current/' })] }, 15)).toEqual([
      { title: 'Our handbook', url: 'https://example.com/docs/current/', quote: null },
    ])
  })
})

/** Text and ids of a page, read by nothing of ours. */
function readPage(path: string): { text: string; ids: ReadonlySet<string> } {
  const ids = new Set<string>()
  let text = ''
  const walk = (node: { value?: string; childNodes?: unknown[]; attrs?: Array<{ name: string; value: string }> }): void => {
    if (node.value !== undefined) text += node.value
    for (const { name, value } of node.attrs ?? []) if (name === 'id' || name === 'name') ids.add(value)
    for (const child of node.childNodes ?? []) walk(child as typeof node)
  }
  walk(parse(readFileSync(path, 'utf8')) as Parameters<typeof walk>[0])
  return { text, ids }
}

describe('what the rules cite is there', () => {
  const folderOf = (major: number) => `${DOCUMENTATION}/postgresql-doc-${major}/html`
  const installed = MAJORS.filter((major) => existsSync(folderOf(major)))
  const missing = MAJORS.filter((major) => !installed.includes(major))
  if (missing.length > 0)
    console.log(`manuals of Postgres ${missing.join(', ')} are not installed (postgresql-doc-*): what rules cite of them was not looked up`)

  test('no quote has more than forty words', () => {
    for (const { id, cite } of rules)
      for (const { quote } of cite) expect(quote?.split(/\s+/).length ?? 0, id).toBeLessThanOrEqual(MOST_WORDS)
  })
  test('every version that a rule is for has its sources, each in a manual that says it has them', () => {
    for (const rule of rules) {
      for (const major of [10, 11, ...MAJORS].filter((one) => holdsFor(rule, one))) {
        const sources = sourcesFor(rule, major)
        expect(sources.length, `${rule.id} for ${major}`).toBeGreaterThan(0)
        const own = rule.cite.filter(({ versions }) => major >= Math.max(12, rangeOf(versions).from) && major <= rangeOf(versions).to)
        for (const { title } of own)
          expect(
            sources.filter(({ url }) => url.includes(`/docs/${major}/`)).map((source) => source.title),
            `${rule.id} for ${major}`,
          ).toContain(title.replace('PostgreSQL', `PostgreSQL ${major}`))
      }
    }
  })
  describe.skipIf(installed.length === 0).each(installed)('in the manual of %i', (major) => {
    test('pages, anchors and quotes', () => {
      const pages = new Map<string, ReturnType<typeof readPage> | undefined>()
      const pageOf = (file: string) => {
        const path = `${folderOf(major)}/${file}`
        if (!pages.has(file)) pages.set(file, existsSync(path) ? readPage(path) : undefined)
        return pages.get(file)
      }
      const wrong = rules
        .filter((rule) => holdsFor(rule, major))
        .flatMap((rule) =>
          sourcesFor(rule, major).flatMap(({ url, quote }) => {
            const [, version, file = '', anchor] = /^https:\/\/www\.postgresql\.org\/docs\/(\d+)\/([\w.-]+)(?:#(.*))?$/.exec(url) ?? []
            if (version !== `${major}`) return []
            const page = pageOf(file)
            if (!page) return [`${rule.id}: there is no page ${file}`]
            const words = literalQuote(quote ?? '', page.text)
            return [
              ...(anchor === undefined || page.ids.has(anchor) ? [] : [`${rule.id}: ${file} has no anchor ${anchor}`]),
              ...(quote === null || words !== undefined ? [] : [`${rule.id}: ${file} does not say: ${quote}`]),
            ]
          }),
        )
      expect(wrong).toEqual([])
    })
  })
})

function block(text: string, more: Partial<Block> = {}): Block {
  return { breadcrumb: [], anchor: null, kind: 'prose', term: null, text, ...more }
}

const PAGE = 'https://www.postgresql.org/docs/17/sql-altertable.html'
const MANUAL = [
  {
    key: 'sql-altertable.html',
    title: 'ALTER TABLE',
    blocks: [
      block('This form changes the table from unlogged to logged or vice-versa.', {
        kind: 'entry',
        term: 'SET { LOGGED | UNLOGGED }',
        anchor: 'SQL-ALTERTABLE-LOGGED',
      }),
      block(
        'Changing the table from unlogged to logged writes the whole table to a new file. This cannot be applied to a temporary table.',
        { breadcrumb: ['Notes'], anchor: 'SQL-ALTERTABLE-NOTES' },
      ),
    ],
  },
  {
    key: 'sql-reindex.html',
    title: 'REINDEX',
    blocks: [
      block('REINDEX locks out writes but not reads of the table. It waits for other transactions.', { anchor: 'SQL-REINDEX-NOTES' }),
    ],
  },
  {
    key: 'runtime-config.html',
    title: 'Settings',
    blocks: [
      block('The deadlock check waits one second by default, which is the value of deadlock_timeout.', {
        term: 'deadlock_timeout (integer)',
        kind: 'entry',
        anchor: 'GUC-DEADLOCK-TIMEOUT',
      }),
    ],
  },
  ...Array.from({ length: 12 }, (_, index) => ({
    key: `page-${index}.html`,
    title: `Page ${index}`,
    blocks: [block(`Something else is told by chapter ${index}, of tables and of transactions and of reads.`)],
  })),
]

describe('citations of a knowledge base', () => {
  let storage: Storage
  let database: Database
  let base: KnowledgeBase
  const embedded = STORAGES.find(({ missing }) => !missing)

  beforeAll(async () => {
    if (!embedded) throw new Error('no storage')
    storage = await embedded.start()
    database = await openAddress(await storage.create())
    base = await postgresKnowledgeBase(database)
    await base.declare({ name: 'manual-17', type: 'manual', postgres: 17, path: '/nowhere' })
    const common = {
      revision: '1',
      author: 'The PostgreSQL Global Development Group',
      date: null,
      licence: 'PostgreSQL',
      trust: 'high' as const,
      versions: { from: 17, to: 17 },
      problems: [],
    }
    await base.sync(
      'manual-17',
      {
        async *read() {
          for (const page of MANUAL)
            yield { kind: 'document', document: { ...common, ...page, url: `https://www.postgresql.org/docs/17/${page.key}` } }
        },
      },
      { signal, progress() {} },
    )
  })
  afterAll(async () => {
    await base?.close()
    await database?.close()
    await storage?.[Symbol.asyncDispose]()
  })

  test('a claim gets the passage, the words, who wrote them and where', async () => {
    expect(await base.cite('REINDEX locks out writes but not reads of the table.', 17, signal)).toEqual({
      passage: expect.any(String),
      title: 'REINDEX',
      author: 'The PostgreSQL Global Development Group',
      url: 'https://www.postgresql.org/docs/17/sql-reindex.html#SQL-REINDEX-NOTES',
      quote: 'REINDEX locks out writes but not reads of the table.',
    })
  })
  test.each([
    'REINDEX locks out reads but not writes of the table.',
    'VACUUM locks out writes but not reads of the table.',
    'deadlock_timeout is 30 seconds by default.',
    'Bananas grow in Ecuador.',
    '',
    '\u0000 ; drop table x; --',
  ])('nothing supports: %s', async (claim) => expect(await base.cite(claim, 17, signal)).toBeUndefined())
  test('a page is quoted for what a rule says, at the place that says it; other versions and other pages are not', async () => {
    const claims = ['It needs time.', 'REINDEX locks out writes but not reads of the table.']
    const page = PAGE.replace('altertable', 'reindex')
    const words = { url: `${page}#SQL-REINDEX-NOTES`, quote: 'REINDEX locks out writes but not reads of the table.' }
    expect(await base.quote(claims, page, signal)).toMatchObject(words)
    expect(await base.quote(claims, `${page}#SQL-REINDEX-NOTES`, signal)).toMatchObject(words)
    expect(await base.quote(claims, `${page}#SQL-REINDEX-OTHER`, signal)).toBeUndefined()
    expect(await base.quote(claims, page.replace('17', '15'), signal)).toBeUndefined()
    expect(await base.quote(claims, PAGE, signal)).toBeUndefined()
    expect(await base.quote(['Bananas grow in Ecuador.'], page, signal)).toBeUndefined()
  })
})

describe('quotes for findings', () => {
  const rule = rules.find(({ id }) => id === 'avoid-set-logged') as Rule
  const finding: Finding = {
    ...FINDINGS.confirmed,
    rule: rule.id,
    citations: [{ title: 'PostgreSQL 17, ALTER TABLE', url: PAGE, quote: null }],
  }
  const quoted = { url: `${PAGE}#SQL-ALTERTABLE-NOTES`, quote: 'Words of the manual.' }
  const ask = async (find: Quotes['find'], findings: Finding[] = [finding], limitMs = 100) =>
    await withQuotes(findings, { quotes: { find }, rules: [rule], limitMs }, signal)

  test('what a rule leaves open is asked once, with sentences that name nothing of the change', async () => {
    const asked: Array<readonly string[]> = []
    const { findings, notes } = await ask(
      async (statements) => {
        asked.push(statements)
        return quoted
      },
      [finding, { ...finding, line: 9 }],
    )
    expect(findings.map(({ citations }) => citations)).toEqual(Array(2).fill([{ title: 'PostgreSQL 17, ALTER TABLE', ...quoted }]))
    expect(notes).toEqual([])
    expect(asked).toHaveLength(1)
    expect(asked[0]?.length).toBeGreaterThan(1)
    expect(asked[0]?.join(' ')).not.toMatch(/\{\{|\bundefined\b/)
  })
  test('a quote of the rule stays, and nobody is asked for findings that are not shown', async () => {
    const own = { ...finding, citations: [{ title: 'T', url: PAGE, quote: 'Own words.' }] }
    const refuted: Finding = { ...finding, verdict: 'refuted' }
    const { findings } = await ask(async () => {
      throw new Error('asked')
    }, [own, refuted])
    expect(findings).toEqual([own, refuted])
  })
  test('words of another page are not taken', async () => {
    expect((await ask(async () => ({ ...quoted, url: 'https://evil.example/#x' }))).findings).toEqual([finding])
  })
  test.each<[string, Quotes['find'], RegExp]>([
    ['down', async () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7 password=secret')), /could not be asked/],
    ['slow', async () => await new Promise(() => {}), /did not answer in time/],
  ])('a knowledge base that is %s is left out, and said once without why', async (_, find, note) => {
    const { findings, notes } = await ask(
      find,
      [finding, { ...finding, citations: [...finding.citations, { title: 'T', url: `${PAGE}#X`, quote: null }] }],
      50,
    )
    expect(findings[0]).toEqual(finding)
    expect(notes).toEqual([expect.stringMatching(note)])
    expect(notes.join()).not.toMatch(/10\.0\.0\.7|secret/)
  })
  test('one that is stopped stops', async () => {
    const stopped = AbortSignal.abort(new Error('enough'))
    await expect(withQuotes([finding], { quotes: { find: async () => undefined }, rules: [rule] }, stopped)).rejects.toThrow('enough')
  })
  test('--knowledge that leads nowhere keeps nobody waiting', async () => {
    for (const where of ['/nowhere/at/all', 'postgres://nobody:secret@127.0.0.1:1/none']) {
      await using quotes = openQuotes(where)
      const { findings, notes } = await withQuotes([finding], { quotes, rules: [rule] }, signal)
      expect(findings).toEqual([finding])
      expect(notes).toEqual(['The knowledge base could not be asked, so some sources have no quote.'])
    }
    expect(() => openQuotes('https://example.com')).toThrow('--knowledge is a folder')
  })
})

describe('footnotes', () => {
  const url = 'https://www.postgresql.org/docs/15/explicit-locking.html#LOCKING-TABLES'
  const citing = (index: number, quote: string, title = 'PostgreSQL 15, Table-Level Locks'): Finding => ({
    ...FINDINGS.confirmed,
    fingerprint: `${index}`.repeat(8).padEnd(32, 'f'),
    line: index,
    endLine: index,
    startByte: index,
    endByte: index + 1,
    explanation: `Why ${index}.`,
    citations: [{ title, url, quote }],
  })
  const review = plainReview({ postgres: 15, findings: [citing(1, 'One.'), citing(2, 'One.'), citing(3, 'Two.')] })
  const options = { request: { baseSha: '4b825dc6' }, maxLength: 60_000, before: undefined, failOn: 'high', mention: undefined } as const
  const commentsOf = (inlineComments: number, of = review) =>
    renderComments(of, { ...options, request: options.request as never, inlineComments })
  const none = { placed: [], unplaced: [], created: 0, edited: 0, resolved: 0, reopened: 0 }

  test('text: numbers behind why, the sources once at the end', () => {
    const text = renderText(review)
    expect(text.match(/why {7}Why \d\. \[\d\]/g)).toEqual(['why       Why 1. [1]', 'why       Why 2. [1]', 'why       Why 3. [2]'])
    expect(text).toContain(`Sources\n  [1] PostgreSQL 15, Table-Level Locks\n      ${url}\n      “One.”\n  [2] `)
  })
  test('a comment numbers its own, each a link, with the list in the fold', () => {
    const [first, , third] = commentsOf(3).inline
    for (const [comment, quote] of [
      [first, 'One.'],
      [third, 'Two.'],
    ] as const) {
      expect(comment?.body).toContain(`<sup>[1](<${url}>)</sup>`)
      expect(comment?.body.split('<details>')[1]).toContain(`**Source:**\n\n1. [PostgreSQL 15, Table-Level Locks](<${url}>): “${quote}”`)
    }
  })
  test('the summary numbers through, and lists a source once', () => {
    const summary = commentsOf(0).summary(none)
    expect(summary.match(/Why \d\. <sup>\[\d\]/g)).toEqual(['Why 1. <sup>[1]', 'Why 2. <sup>[1]', 'Why 3. <sup>[2]'])
    expect(summary.match(/^\d\. \[PostgreSQL 15/gm)).toEqual(['1. [PostgreSQL 15', '2. [PostgreSQL 15'])
    expect(rendered(summary)).toContain('<ol start="2">')
  })
  test('JSON and SARIF carry title, address of the version, and quote', () => {
    expect(JSON.parse(renderJson(review)).findings[0].citations).toEqual([
      { title: 'PostgreSQL 15, Table-Level Locks', url, quote: 'One.' },
    ])
    const [rule] = JSON.parse(renderSarif(review)).runs[0].tool.driver.rules
    expect(rule).toMatchObject({ helpUri: url, help: { text: expect.stringContaining('"One."') } })
  })
  test.each(CORPUS)('a passage stays text: %j', (text) => {
    const hostile = plainReview({ findings: [citing(1, text, text)] })
    for (const markdown of [commentsOf(1, hostile).inline[0]?.body ?? '', commentsOf(0, hostile).summary(none)])
      expect(strangersIn(rendered(markdown), /^https:\/\/www\.postgresql\.org\//)).toEqual([])
  })
})
