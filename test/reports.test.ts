import { describe, expect, test } from 'vitest'
import { UserError } from '../src/errors.ts'
import { coverageLine } from '../src/reports/coverage-line.ts'
import { excerpt } from '../src/reports/excerpt.ts'
import { orderFindings } from '../src/reports/finding-order.ts'
import { FORMATS, parseFormats, renderReport } from '../src/reports/format.ts'
import { oneLine, printable } from '../src/reports/printable.ts'
import { readSource, regionOf } from '../src/reports/source.ts'
import { wrap } from '../src/reports/wrap.ts'
import { effectsInWords } from '../src/review/effects-in-words.ts'
import { noEffects } from '../src/sql/effects.ts'
import {
  cleanReview,
  FINDINGS,
  HOSTILE,
  indexEffects,
  makeFinding,
  ORDERS,
  plainReview,
  rewriteEffects,
  sampleReview,
} from './fixtures/reports/sample-review.ts'

describe('the coverage line', () => {
  test('says what was looked at, with what, and what came of it', () => {
    expect(coverageLine(cleanReview())).toBe(
      'pgwitness: 3 files, 12 statements, 11 measured on embedded Postgres 18.6, no model; nothing found (2 claims checked and refuted)',
    )
    expect(coverageLine(sampleReview())).toBe(
      'pgwitness: 2 files, 4 statements, 1 unreadable, 2 measured on embedded Postgres 18.6, no model; 3 confirmed, 1 suspected (1 claim checked and refuted, 1 suppressed)',
    )
  })

  test('says that there was no clone', () => {
    const none = cleanReview({
      clone: 'none',
      cloneVersion: null,
      findings: [],
      coverage: { files: 1, statements: 1, parsed: 1, measured: 0 },
    })
    expect(coverageLine(none)).toBe('pgwitness: 1 file, 1 statement, nothing measured, no clone, no model, for Postgres 18; nothing found')
  })

  test('says when the clone is of another major than the one reviewed for', () => {
    expect(coverageLine(cleanReview({ postgres: 15 }))).toContain('18.6, no model, for Postgres 15;')
  })

  test('says that there was no SQL', () => {
    const coverage = { files: 0, statements: 0, parsed: 0, measured: 0 }
    expect(coverageLine(cleanReview({ findings: [], coverage }))).toBe(
      'pgwitness: no SQL to look at, 0 measured on embedded Postgres 18.6, no model; nothing found',
    )
  })
})

describe('effects in words', () => {
  test('one phrase a table, the strongest lock first, indexes and ACCESS SHARE left out', () => {
    expect(effectsInWords(rewriteEffects())).toBe(
      'ACCESS EXCLUSIVE on public.orders, rewrites it, builds orders_pkey; ROW SHARE on public.shipments',
    )
    expect(effectsInWords(indexEffects())).toBe('SHARE on public.orders, builds orders_email')
  })

  test('a scan is said when nothing else implies it', () => {
    expect(effectsInWords({ ...indexEffects(), builds: [] })).toBe('SHARE on public.orders, scans it')
  })

  test('concurrent builds, tables without a lock, and nothing at all', () => {
    const { builds } = indexEffects()
    expect(effectsInWords({ ...noEffects(), builds: builds.map((build) => ({ ...build, concurrently: true })) })).toBe(
      'builds orders_email concurrently on public.orders',
    )
    expect(effectsInWords({ ...noEffects(), rewrites: ['public.a'], scans: ['public.b'] })).toBe('rewrites public.a; scans public.b')
    expect(
      effectsInWords({ ...noEffects(), locks: [{ relation: 'public.new', kind: 'table', mode: 'AccessExclusiveLock', existed: false }] }),
    ).toBe('touches nothing that existed before')
    expect(
      effectsInWords({ ...noEffects(), locks: [{ relation: 'public.a', kind: 'table', mode: 'AccessShareLock', existed: true }] }),
    ).toBe('ACCESS SHARE on public.a')
  })

  test('many tables are counted', () => {
    const scans = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `public.${name}`)
    expect(effectsInWords({ ...noEffects(), scans })).toBe('scans public.a; scans public.b; scans public.c; scans public.d; 2 more tables')
  })
})

describe('the order of findings', () => {
  test('confirmed before suspected, then by severity, then by place', () => {
    const { confirmed, multiLine, suspected, refuted, suppressed } = FINDINGS
    const early = { ...confirmed, path: 'migrations/10.sql' }
    const grave = { ...suspected, severity: 'critical' as const }
    const { shown, ...rest } = orderFindings([refuted, suspected, suppressed, confirmed, grave, early, multiLine])
    expect(shown).toEqual([multiLine, early, confirmed, grave, suspected])
    expect(rest).toEqual({ refuted: [refuted], suppressed: [suppressed] })
  })

  test('a refuted claim that is also suppressed counts as refuted', () => {
    const both = { ...FINDINGS.suppressed, verdict: 'refuted' as const }
    expect(orderFindings([both])).toEqual({ shown: [], refuted: [both], suppressed: [] })
  })
})

describe('places', () => {
  const source = readSource(ORDERS)

  test('columns count UTF-16 units after letters of two and four bytes, and Windows line ends', () => {
    expect(regionOf(FINDINGS.suspected, source)).toEqual({ startLine: 5, endLine: 5, startColumn: 12, endColumn: 63 })
    expect(source.lines[4]?.text.slice(11, 62)).toBe("alter table orders add column note text default 'x'")
    expect(regionOf(FINDINGS.multiLine, source)).toEqual({ startLine: 3, endLine: 4, startColumn: 1, endColumn: 33 })
  })

  test('a byte order mark is no column', () => {
    const text = '\uFEFFselect 1; select 2;'
    expect(regionOf(makeFinding('a.sql', text, 'select 2', {}), readSource(text))).toEqual({
      startLine: 1,
      endLine: 1,
      startColumn: 11,
      endColumn: 19,
    })
  })

  test('without the file, or when bytes and lines disagree, there are only lines', () => {
    expect(regionOf(FINDINGS.multiLine, undefined)).toEqual({ startLine: 3, endLine: 4 })
    expect(regionOf({ ...FINDINGS.multiLine, line: 1, endLine: 1 }, source)).toEqual({ startLine: 1, endLine: 1 })
    expect(regionOf({ ...FINDINGS.multiLine, line: 400, endLine: 401 }, source)).toEqual({ startLine: 400, endLine: 401 })
  })

  test('an excerpt is the statement with its line numbers', () => {
    expect(excerpt(FINDINGS.multiLine, source)).toEqual(['3 | alter table orders', '4 |   alter column total type bigint;'])
    expect(excerpt(FINDINGS.multiLine, undefined)).toEqual([])
  })

  test('an excerpt of a long statement is its beginning, and numbers align', () => {
    const text = `select\n${'  1,\n'.repeat(20)}  2;\n`
    const lines = excerpt(makeFinding('a.sql', text, text.trim(), {}), readSource(text))
    expect([lines.length, lines[0], lines[8]]).toEqual([9, '1 | select', '  | … 14 more'])
  })

  test('an excerpt of a file on one line begins at the statement', () => {
    const text = `${'select 1; '.repeat(100)}drop table orders; ${'select 2; '.repeat(100)}`
    const [line = ''] = excerpt(makeFinding('a.sql', text, 'drop table orders', {}), readSource(text))
    expect(line).toMatch(/^1 \| …drop table orders; select 2;.*…$/)
    expect(line.length).toBeLessThan(170)
  })
})

describe('printable text', () => {
  test('control characters and reordering become visible, newlines stay', () => {
    expect(printable('a\u001b[2J\u0007\r\n\tb\rc\u009b\u202e\u2066\uFEFF')).toBe('a\\x1b[2J\\x07\n  b\\x0dc\\x9b\\u202e\\u2066\\ufeff')
    expect(printable('注文 é 🚚 \u{1F469}\u200d\u{1F4BB}')).toBe('注文 é 🚚 \u{1F469}\u200d\u{1F4BB}')
  })

  test('half a surrogate pair is replaced', () => {
    expect(printable('\ud83d!')).toBe('\ufffd!')
  })

  test('commands to a CI runner are broken, casts are not', () => {
    expect(printable('  ::set-output name=x::y\na::b ##[group]c ##vso[task.x]d #1')).toBe(
      '  \\x3a:set-output name=x::y\na::b \\x23#[group]c \\x23#vso[task.x]d #1',
    )
  })

  test('one line is one line', () => {
    expect(oneLine(' a\n\n b\u2028c\u0000 ')).toBe('a b c\\x00')
  })

  test('wrapping keeps words whole', () => {
    expect(wrap('aa bb cccccccc d\ne', 5)).toEqual(['aa bb', 'cccccccc', 'd', 'e'])
  })
})

describe('formats', () => {
  test('options are read, text is the default', () => {
    expect(parseFormats([])).toEqual([{ format: 'text' }])
    expect(parseFormats(['sarif=out.sarif', 'markdown', 'json=a=b.json'])).toEqual([
      { format: 'sarif', file: 'out.sarif' },
      { format: 'markdown' },
      { format: 'json', file: 'a=b.json' },
    ])
  })

  test.each([
    [['yaml'], /no format "yaml": choose one of text, markdown, json/],
    [['sarif='], /names no file/],
    [['text', 'json'], /--format json=FILE/],
    [['json=x', 'sarif=x'], /Two formats would write to x/],
  ])('%j is an error the user can act on', (specs, message) => {
    expect(() => parseFormats(specs)).toThrow(UserError)
    expect(() => parseFormats(specs)).toThrow(message)
  })

  test.each(FORMATS)('%s is the same each time, ends with a newline and holds no control character', async (format) => {
    const first = await renderReport(format, sampleReview())
    expect(await renderReport(format, sampleReview())).toBe(first)
    expect(first.endsWith('\n')).toBe(true)
    expect(first).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(HOSTILE).toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })

  test.each(FORMATS)('%s says that nothing is wrong with a clean change', async (format) => {
    const report = await renderReport(format, cleanReview())
    if (format === 'code-quality') expect(report).toBe('[]\n')
    else if (format === 'json') expect(report).toContain('"confirmed": 0')
    else expect(report).toContain('nothing found (2 claims checked and refuted)')
    if (format === 'text' || format === 'github') expect(report.split('\n')).toHaveLength(2)
  })

  test.each(FORMATS)('%s renders a review of nothing', async (format) => {
    const nothing = plainReview({ scripts: [], findings: [], coverage: { files: 0, statements: 0, parsed: 0, measured: 0 } })
    expect(await renderReport(format, nothing)).toBeTruthy()
  })
})
