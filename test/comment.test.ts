import { describe, expect, test } from 'vitest'
import { explainFinding } from '../src/conversations/explain.ts'
import { findFinding } from '../src/conversations/stored-finding.ts'
import type { EnsuredThreads, InlineComment, MergeRequest } from '../src/forges/forge.ts'
import { type CommentOptions, type Comments, renderComments } from '../src/reports/comment.ts'
import { renderJson } from '../src/reports/json.ts'
import type { Finding } from '../src/review/finding.ts'
import type { Review } from '../src/review/review.ts'
import { proseOf, rendered, strangersIn } from './fixtures/rendered.ts'
import { CORPUS } from './fixtures/reports/hostile-corpus.ts'
import { FINDINGS, plainReview, sampleReview } from './fixtures/reports/sample-review.ts'
import { reviewedChange, shopFiles } from './fixtures/reviewed-change.ts'

const BASE = `create table customers (id bigint primary key, name text);
create table orders (id bigint primary key, customer_id bigint, total numeric, placed_at timestamptz);
create materialized view sales as select count(*) as orders from orders;
`
const shop = await reviewedChange(shopFiles('main'), shopFiles('branch'))

function options(more: Partial<CommentOptions> = {}): CommentOptions {
  return {
    request: { baseSha: '4b825dc642cb6eb9a060e54bf8d69288fbee4904' } as MergeRequest,
    maxLength: 65_000,
    before: undefined,
    inlineComments: 10,
    failOn: 'high',
    mention: '@pgwitness',
    ...more,
  }
}

/** As a forge would answer that takes every comment. */
function allPlaced({ inline, told }: Comments, except: (comment: InlineComment) => boolean = () => false): EnsuredThreads {
  const placed = inline
    .filter((comment) => !except(comment))
    .map(({ key }) => ({ key, url: `https://forge.example/thread-${key.slice(0, 4)}` }))
  return {
    placed,
    unplaced: inline.filter((comment) => except(comment) && !told.has(comment.key)).map(({ key }) => key),
    created: 0,
    edited: 0,
    resolved: 0,
    reopened: 0,
  }
}

function summaryOf(review: Review, more: Partial<CommentOptions> = {}): string {
  const comments = renderComments(review, options(more))
  return comments.summary(allPlaced(comments))
}

const number = ({ fingerprint }: Finding) => fingerprint.slice(0, 8)
const shown = shop.findings.filter(({ verdict, suppressed }) => verdict !== 'refuted' && !suppressed)

describe('the summary of a real review', () => {
  const comments = renderComments(shop, options())
  const summary = comments.summary(allPlaced(comments))

  test('begins with the counts, the worst in one sentence and a table with every finding once', () => {
    const [, ...blocks] = summary.split('\n\n')
    expect(blocks[0]).toBe(`### pgwitness: ${shown.length} findings confirmed`)
    expect(blocks[1]).toMatch(/^\*\*Worst:\*\* .* \(high, confirmed by running it, `db\/migrations\/\w+\.sql:\d+`\)$/)
    const cells = [...summary.matchAll(/^\| \w+<br>\[?`([0-9a-f]{8})`/gm)].map(([, one]) => one)
    expect(cells.toSorted()).toEqual(shown.map(number).toSorted())
  })
  test('links the numbers to comments at the lines, and gives details of the others only', () => {
    for (const { comment, numbers } of comments.inline.map((comment) => ({ comment, numbers: numbersIn(comment.body) }))) {
      for (const one of numbers) {
        expect(summary).toContain(`[\`${one}\`](<https://forge.example/thread-${comment.key.slice(0, 4)}>)`)
        expect(summary).not.toContain(`<summary><code>${one}</code>`)
        expect(summary).toMatch(new RegExp(`^- \`${one}\`: .*\\(embedded Postgres 18\\.\\d+\\)$`, 'm'))
      }
    }
    const told = new Set(comments.inline.flatMap(({ body }) => numbersIn(body)))
    for (const one of shown.map(number).filter((each) => !told.has(each))) expect(summary).toContain(`<summary><code>${one}</code>`)
  })
  test('says what was run and how to see it again, with the manual beside it', () => {
    expect(summary).toMatch(/\*\*Seen:\*\* ACCESS EXCLUSIVE on public\.payments, rewrites it, builds [^\n]*\(embedded Postgres 18\.\d+\)/)
    expect(summary).toContain('**To see it again:**\n\n```sql\nbegin;\n')
    expect(summary).toMatch(/\*\*Source:\*\*\n\n1\. \[PostgreSQL 18, [^\]]*\]\(<https:\/\/www\.postgresql\.org\/docs\/18\//)
  })
  test('tells what was muted and what was not tested in full, the coverage, and how to ask', () => {
    expect(summary).toContain(
      '<summary>Muted: 1 finding</summary>\n\n- `db/migrations/20240610090000_drop_stock_warehouse.sql:3` `avoid-drop-column`: ',
    )
    expect(summary).toContain('<summary>Not tested in full, and why</summary>\n\n- it runs outside a transaction')
    expect(summary).toMatch(
      /11 files, 30 statements, 29 measured on embedded Postgres 18\.\d+, no model; 31 confirmed \(1 suppressed\)<br>To run all of it again: `npx pgwitness review --base 4b825dc642cb --postgres 18 --clone embedded`<br>.*`@pgwitness help`<\/sub>\n$/,
    )
    expect(summaryOf(shop, { mention: undefined })).not.toContain('To ask about')
  })
  test('is well-formed: every fold is closed, nothing strange is in it', () => {
    const html = rendered(summary)
    expect(html.match(/<details>/g)?.length).toBe(html.match(/<\/details>/g)?.length)
    expect(html).not.toMatch(/```|\*\*|&lt;\/?details/)
    expect(strangersIn(html, /^https:\/\/(?:www\.postgresql\.org|forge\.example)\//)).toEqual([])
  })
  test('is the same when it is rendered again on what it said', () => {
    const again = renderComments(shop, options({ before: summary.replaceAll('\n', '\r\n').trim() }))
    expect(again.inline).toEqual(comments.inline)
    expect(again.told).toEqual(new Set(comments.inline.map(({ key }) => key)))
    expect(again.summary(allPlaced(again))).toBe(summary)
  })
})

function numbersIn(body: string): string[] {
  return [...body.matchAll(/^Finding `([0-9a-f]{8})`/gm)].map(([, one = '']) => one)
}

describe('comments at the lines', () => {
  const { inline } = renderComments(shop, options({ inlineComments: 50 }))

  test('one for each statement, named by a finding at it', () => {
    expect(new Set(inline.map(({ path, line }) => `${path}:${line}`)).size).toBe(inline.length)
    for (const { key, path, line, body } of inline) {
      expect(shop.findings.find(({ fingerprint }) => fingerprint === key)).toMatchObject({ path, line })
      expect(numbersIn(body)).toContain(key.slice(0, 8))
    }
    expect(inline.flatMap(({ body }) => numbersIn(body)).length).toBeGreaterThan(inline.length)
  })
  test('what is only worth knowing is left to the summary, and the worst come first', () => {
    const info = shop.findings.filter(({ severity }) => severity === 'info')
    expect(inline.some(({ key }) => info.some(({ fingerprint }) => fingerprint === key))).toBe(false)
    expect(renderComments(shop, options({ inlineComments: 3 })).inline.map(({ key }) => key)).toEqual(
      inline.slice(0, 3).map(({ key }) => key),
    )
  })
  test('before what is folded there is no more than is read at a glance', () => {
    for (const { body } of inline) {
      const [first = ''] = body.split('<details>')
      expect(first.replace(/```[\s\S]*?```/g, '').length, first).toBeLessThan(1100)
    }
  })
  test('no paragraph stands in two of them', () => {
    const paragraphs = inline.flatMap(({ body }) =>
      [...new Set(body.split('\n\n'))].filter(
        (text) => text.length > 120 && !/^\*\*(?:Seen|Instead|Source|\w+\*\*, )/.test(text) && !text.startsWith('```'),
      ),
    )
    expect(paragraphs.filter((text, at) => paragraphs.indexOf(text) !== at)).toEqual([])
  })
  test('the key stays when another finding at the statement becomes the worst, or a verdict changes', () => {
    const [low, high] = [
      { ...FINDINGS.confirmed, fingerprint: 'a'.repeat(32), severity: 'low' as const },
      { ...FINDINGS.confirmed, fingerprint: 'b'.repeat(32) },
    ]
    const keysOf = (findings: Finding[], before?: string) =>
      renderComments(plainReview({ findings }), options({ before })).inline.map(({ key }) => key[0])
    expect(keysOf([low])).toEqual(['a'])
    expect(keysOf([low, high])).toEqual(['b'])
    expect(keysOf([low, high], summaryOf(plainReview({ findings: [low] })))).toEqual(['a'])
    expect(
      keysOf([
        { ...low, severity: 'medium' },
        { ...high, verdict: 'suspected' },
      ]),
    ).toEqual(['b'])
  })
})

const OUTSIDE = '-- +goose NO TRANSACTION\n-- +goose Up\n'
const GOOD = '  create index by_customer\n    on orders (customer_id); -- for the page\n'
const SUGGESTED = '  create index concurrently by_customer\n    on orders (customer_id); -- for the page'
const BAD = {
  'another statement on the line': 'create index a1 on orders (customer_id); select 1;\n',
  'one that begins in the middle of a line': 'select 1; create index a2 on orders (customer_id);\n',
  'one that ends in the middle of a line': 'create index a3 on\norders (customer_id); select 1;\n',
  'an invalid index that would be taken for a whole one': 'create index if not exists a4 on orders (customer_id);\n',
  'a transaction block of its own': 'begin;\ncreate index a5 on orders (customer_id);\ncommit;\n',
  'a refresh that needs a unique index first': 'refresh materialized view sales;\n',
  'line ends of two kinds': 'create index a6\r\n on orders (customer_id);\r\n',
  'steps in other transactions': 'alter table orders alter column customer_id set not null;\n',
}

describe('suggestions', async () => {
  const pathOf = (index: number) => `db/migrations/${100 + index}_change.sql`
  const goose = { migrations: [{ path: 'db/migrations', tool: 'goose' as const }] }
  const base = { 'db/migrations/001_shop.sql': `-- +goose Up\n${BASE}` }
  const texts = [...[GOOD, ...Object.values(BAD)].map((text) => OUTSIDE + text), `-- +goose Up\n${GOOD.replace('by_customer', 'inside')}`]
  const review = await reviewedChange(base, Object.fromEntries(texts.map((text, index) => [pathOf(index), text])), goose)
  const suggested = (one: Review) =>
    renderComments(one, options({ inlineComments: 50 })).inline.filter(({ suggestion }) => suggestion !== undefined)

  test('stand for the whole lines of a statement that runs outside a transaction', () => {
    expect(suggested(review)).toMatchObject([{ path: pathOf(0), suggestion: SUGGESTED, line: 3, endLine: 4 }])
  })
  test.each(Object.keys(BAD).map((why, index) => [why, index + 1] as const))(
    'but not with %s, of which something is said all the same',
    (_why, index) => {
      expect(renderComments(review, options({ inlineComments: 50 })).inline.filter(({ path }) => path === pathOf(index))).toMatchObject([
        { body: expect.stringContaining('**Instead:**') },
      ])
    },
  )
  test('nor where nothing was run', () => {
    expect(suggested({ ...review, clone: 'none' })).toEqual([])
  })
  test('what is suggested does away with the finding', async () => {
    const after = await reviewedChange(base, { [pathOf(0)]: `${OUTSIDE}${SUGGESTED}\n` }, goose)
    expect(after.findings.filter(({ rule, verdict }) => rule === 'require-concurrent-index' && verdict !== 'refuted')).toEqual([])
    expect(after.scripts.flatMap(({ statements }) => statements.map(({ measurement }) => measurement?.error))).toEqual([undefined])
  })
  test('one whose rehearsal did not go well is not suggested', () => {
    const rehearsed = (harmless: boolean): Review => ({
      ...review,
      findings: review.findings.map((finding) => ({
        ...finding,
        evidence: [
          ...finding.evidence,
          {
            id: 'e9',
            kind: 'experiment',
            experiment: 'rehearse-fix',
            clone: 'local',
            summary: 's',
            reproduce: 'r',
            result: { steps: [], differences: [], harmless },
          },
        ],
      })),
    })
    expect(suggested(rehearsed(true)).map(({ path }) => path)).toContain(pathOf(0))
    expect(suggested(rehearsed(false))).toEqual([])
  })
})

describe('after earlier findings', () => {
  const before = summaryOf(shop)
  const clean: Review = { ...shop, findings: [] }

  test('clean again is said in one line, with what is gone', () => {
    const summary = summaryOf(clean, { before })
    expect(summary).toMatch(
      /\n\n### pgwitness: clean again\n\nNone of the earlier findings is left: `289f4e17` require-concurrent-index, .* and 23 more\.\n\n/,
    )
    expect(summaryOf(clean, { before: summary })).toBe(summary)
  })
  test('what is left is told first, then what is gone; what is muted is not gone', () => {
    const [first, second, ...others] = shown
    if (!first || !second) throw new Error('the shop is clean')
    const summary = summaryOf({ ...shop, findings: [{ ...first, suppressed: { by: '@ann', reason: 'empty' } }, ...others] }, { before })
    const gone = /^\*\*No longer found:\*\* (.*)$/m.exec(summary)?.[1]
    expect(gone).toBe(`\`${number(second)}\` ${second.rule}.`)
    expect(summary).toContain(`empty (@\u200b;ann)`.replace('\u200b;', '&#8203;'))
  })
  test('nothing is called gone when nothing was run', () => {
    expect(summaryOf({ ...clean, clone: 'none' }, { before })).not.toContain('earlier')
  })
  test('a change without findings stays quiet until something was said', () => {
    expect(renderComments(clean, options()).isQuiet).toBe(true)
    expect(renderComments(clean, options({ before })).isQuiet).toBe(false)
    expect(renderComments(shop, options()).isQuiet).toBe(false)
  })
  test('a key that a person deleted stays told', () => {
    const gone = renderComments(shop, options()).inline[0]
    const again = renderComments(shop, options({ before }))
    const next = again.summary(allPlaced(again, ({ key }) => key === gone?.key))
    expect(renderComments(shop, options({ before: next })).told).toContain(gone?.key)
  })
  test('what is remembered does not grow without end, and the newest stay', () => {
    let summary = before
    for (let round = 0; round < 60; round += 1) {
      const findings = shown.map((finding, index) => ({
        ...finding,
        fingerprint: `${round}`.padStart(4, '0') + `${index}`.padStart(4, '0') + finding.fingerprint.slice(8),
      }))
      summary = summaryOf({ ...shop, findings }, { before: summary })
    }
    const hidden = summary.split('\n\n')[0] ?? ''
    expect(hidden.length).toBeLessThan(11_000)
    expect(renderComments(shop, options({ before: summary })).told.size).toBe(150)
    expect(hidden).toContain('00590000')
  })
  test('only the first lines count: what a change writes is not taken for what was told', () => {
    const fake = '<!-- pgwitness:told deadbeef -->\n<!-- pgwitness:found deadbeef:x -->'
    const findings = [
      {
        ...FINDINGS.confirmed,
        message: fake,
        explanation: fake,
        fix: { text: fake, steps: [fake] },
        evidence: FINDINGS.confirmed.evidence.map((one) => ({ ...one, reproduce: fake })),
      },
    ]
    const comments = renderComments(plainReview({ findings }), options())
    const summary = comments.summary(allPlaced(comments, () => true))
    expect(summary).toContain(`\n${fake}\n`)
    expect(renderComments(shop, options({ before: summary })).told.size).toBe(0)
    expect(renderComments(shop, options({ before: fake.replace('<', ' text <') })).told.size).toBe(0)
  })
})

describe('a long review', () => {
  const many = Array.from({ length: 300 }, (_, index) => ({
    ...FINDINGS.confirmed,
    fingerprint: `${index}`.padStart(8, '0').padEnd(32, 'f'),
    line: index + 1,
    endLine: index + 1,
    startByte: index,
    endByte: index + 1,
    message: `${index} ${'é'.repeat(300)}`,
    explanation: `${index} x`.repeat(50),
  }))
  test.each([3_000, 10_000, 65_000, 250_000])('is cut below %i bytes, details first, and what is left out is counted', (maxLength) => {
    const before = summaryOf(shop)
    const comments = renderComments(plainReview({ findings: many }), options({ maxLength, before, inlineComments: 2 }))
    const summary = comments.summary(allPlaced(comments))
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(maxLength)
    const html = rendered(summary)
    expect(html.match(/<details>/g)?.length).toBe(html.match(/<\/details>/g)?.length)
    const rows = summary.match(/^\| high<br>/gm)?.length ?? 0
    const details = summary.match(/<summary><code>/g)?.length ?? 0
    expect(summary).toContain(`${300 - rows} more findings not in this table.`)
    expect(summary).toContain(`Details of ${298 - details} more findings did not fit here.`)
    if (rows < 50) expect(details).toBe(0)
    expect(renderComments(shop, options({ before: summary })).told.size).toBeGreaterThan(5)
  })
})

describe('hostile text', () => {
  const review = sampleReview({ findings: CORPUS.map(hostileFinding) })
  const comments = renderComments(review, options({ inlineComments: 50 }))
  const texts = [
    comments.summary(allPlaced(comments, ({ line }) => line % 2 === 0)),
    comments.status.summary,
    ...comments.inline.map(({ body }) => body),
    ...explained(review),
  ]
  const ours = /^https:\/\/(?:example\.org|forge\.example|www\.postgresql\.org)\//

  test('all of it is there to be read', () => {
    expect(texts.join('\n')).toContain('alert(1)')
    expect(comments.inline).toHaveLength(review.findings.filter(({ suppressed }) => !suppressed).length)
  })
  test('makes no element, image, script, form or address', () => {
    for (const text of texts) expect(strangersIn(rendered(text), ours)).toEqual([])
  })
  test('makes no mention, reference, emoji or address after rendering', () => {
    for (const text of texts) {
      const prose = proseOf(rendered(text))
      expect(prose).not.toMatch(/@[\w-]|(?<![\w&])[#!~%$&]\w|\bGH-\d|:\w+:|\w:\/\/|\bwww\.\w|\[\w+:|\{\+|\[\[/i)
      expect(prose.replace(/\u200b/g, ' ')).not.toMatch(/\b(?=\d*[a-f])[0-9a-f]{8,40}\b/)
    }
  })
  test('begins no line with a quick action, and no line looks like a marker of ours outside code', () => {
    for (const text of texts) {
      expect(text).not.toMatch(/^\/\w/m)
      expect(rendered(text).match(/<!-- pgwitness:/g)?.length ?? 0).toBe(text.startsWith('<!-- pgwitness:told') ? 2 : 0)
    }
  })
  test('nobody is misled by characters that are not seen', () => {
    for (const text of [...texts, comments.status.title, ...comments.status.annotations.flatMap(({ title, message }) => [title, message])])
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u)
  })
  test('folds stay closed where they were opened', () => {
    for (const text of texts) {
      const html = rendered(text)
      let depth = 0
      for (const [tag] of html.matchAll(/<\/?details>/g)) {
        depth += tag === '<details>' ? 1 : -1
        expect(depth).toBeGreaterThanOrEqual(0)
      }
      expect(depth).toBe(0)
    }
  })
})

function explained(review: Review): string[] {
  const report = {
    change: '',
    forge: 'github',
    owner: '',
    headSha: 'f'.repeat(40),
    finishedAt: new Date(0),
    seconds: 1,
    report: JSON.parse(renderJson(review)),
  } as never
  return review.findings.map(({ fingerprint }) => {
    const found = findFinding(report, fingerprint, undefined)
    if (typeof found === 'string') throw new Error(found)
    return explainFinding(found)
  })
}

function hostileFinding(text: string, index: number): Finding {
  return {
    ...FINDINGS.hostile,
    fingerprint: `${index}`.padStart(2, '0').padEnd(32, 'e'),
    severity: 'high',
    path: `db/${text}.sql`,
    line: index + 1,
    endLine: index + 1,
    startByte: index,
    endByte: index + 1,
    title: text,
    message: text,
    explanation: `${text}\n\n${text}`,
    evidence: [{ id: 'e1', kind: 'outcome', clone: text, code: '42P07', message: text, summary: text, reproduce: text }],
    fix: { text, steps: [text, `${text}\n${text}`] },
    citations: [{ title: text, url: 'https://example.org/a', quote: text }],
    ...(index % 3 === 2 && { suppressed: { by: text, reason: text } }),
    ...(index % 3 === 1 && { verdict: 'suspected' as const }),
  }
}

describe('the status', () => {
  const statusOf = (review: Review, failOn = 'high') => renderComments(review, options({ failOn })).status

  test('fails from the severity on that was asked for; what is refuted or muted does not count', () => {
    const { confirmed, refuted, suppressed, suspected } = FINDINGS
    const states = (findings: Finding[], ...limits: string[]) => limits.map((limit) => statusOf(plainReview({ findings }), limit).state)
    expect(states([confirmed], 'critical', 'high', 'medium', 'never')).toEqual(['success', 'failure', 'failure', 'success'])
    expect(
      states(
        [
          { ...refuted, severity: 'critical' },
          { ...suppressed, severity: 'critical' },
        ],
        'info',
      ),
    ).toEqual(['success'])
    expect(states([suspected], 'medium', 'high')).toEqual(['failure', 'success'])
  })
  test('has a title of one line, what was found in full, and annotations worst first', () => {
    const { title, summary, annotations } = statusOf(shop)
    expect(title).toBe('31 findings confirmed; 17 high or worse')
    expect(summary).toContain('### pgwitness: 31 findings confirmed')
    expect(annotations).toHaveLength(31)
    expect(annotations.map(({ level }) => level)).toEqual(
      annotations.map(({ level }) => level).toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)),
    )
    expect(annotations[0]).toMatchObject({ level: 'failure', title: 'require-concurrent-index (high, confirmed)', line: 2 })
    expect(statusOf({ ...shop, findings: [] }).title).toBe('Nothing found')
    expect(statusOf({ ...shop, findings: [], clone: 'none' }).title).toBe('Nothing found; nothing was run')
    expect(statusOf(sampleReview({ findings: shown.flatMap((one) => Array(400).fill(one)) })).title.length).toBeLessThanOrEqual(140)
  })
})

const ORDER = ['failure', 'warning', 'notice']
