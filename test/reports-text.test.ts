import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { renderText } from '../src/reports/text.ts'
import { FINDINGS, HOSTILE, plainReview, sampleReview } from './fixtures/reports/sample-review.ts'

test('a review as the terminal shows it', () => {
  expect(renderText(plainReview())).toBe(`migrations/7.sql:3  CRITICAL  confirmed  avoid-table-rewrite
  Changing the type of \`orders.total\` writes the whole table anew while nobody may read it.
    3 | alter table orders
    4 |   alter column total type bigint;
    seen      ACCESS EXCLUSIVE on public.orders, rewrites it, builds orders_pkey; ROW SHARE on
              public.shipments (embedded Postgres 18.6)
    why       ACCESS EXCLUSIVE is held until the last row is written. A widened \`varchar\` would not
              need this.
    instead   Add a column of the new type, fill it in batches, swap the two. Each step in a
              transaction of its own:
              alter table orders add column total_new bigint;
              update orders set total_new = total where id between 1 and 10000;

migrations/7.sql:2  HIGH  confirmed  require-concurrent-index
  Building this index refuses every write to \`orders\` until it is done.
    2 | create index orders_email on orders (email);
    seen      SHARE on public.orders, builds orders_email (embedded Postgres 18.6)
    why       CREATE INDEX takes SHARE on the table, and INSERT, UPDATE and DELETE wait for it. [1]
    instead   Build it CONCURRENTLY, outside a transaction.
              create index concurrently orders_email on orders (email);

migrations/7.sql:5  MEDIUM  suspected  avoid-unread-column
  Code that is still deployed may read \`orders\` with \`select *\`.
    5 | /* 🚚 é */ alter table orders add column note text default 'x';
    why       Not tested: it depends on the code that is still deployed.

Sources
  [1] PostgreSQL, Building Indexes Concurrently
      https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
      “Normally PostgreSQL locks the table to be indexed against writes”

not fully measured at migrations/7.sql:5: it failed
pgwitness: 1 file, 3 statements, 2 measured on embedded Postgres 18.6, no model; 2 confirmed, 1 suspected (1 claim checked and refuted, 1 suppressed)
`)
})

test('colour adds nothing but colour', () => {
  const coloured = renderText(plainReview(), { colour: true })
  expect(coloured).toContain('\u001b[31mCRITICAL')
  expect(stripVTControlCharacters(coloured)).toBe(renderText(plainReview()))
})

test('lines of prose and source keep to the width; the file decides nothing', () => {
  const review = plainReview({ findings: [{ ...FINDINGS.suspected, message: 'word '.repeat(80) }] })
  for (const line of renderText(review, { width: 60 }).split('\n').slice(0, -2)) expect(line.length).toBeLessThanOrEqual(60)
})

test('nothing of a file reaches the terminal as a command', () => {
  const report = renderText(sampleReview(), { colour: true })
  expect(HOSTILE).toContain('\u001b]0;owned')
  expect(stripVTControlCharacters(report)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  expect(report).toContain('\\x1b]0;owned\\x07 \\u202etxt')
  expect(report).not.toContain('##[')
})

test('a step of several statements is shown as one transaction, and each statement ends', () => {
  const steps = ['alter domain d drop constraint c;\nalter table t add a d', "update t set a = ';'\nwhere a is null", 'select 1']
  const report = renderText(plainReview({ findings: [{ ...FINDINGS.confirmed, fix: { text: 'Go.', steps } }] }))
  const lines = report.split('\n').map((line) => line.trim())
  expect(lines.join('\n')).toContain(
    "begin;\nalter domain d drop constraint c;\nalter table t add a d;\ncommit;\nupdate t set a = ';'\nwhere a is null;\nselect 1;",
  )
})

test('a rule that applies often explains itself once', () => {
  const again = { ...FINDINGS.confirmed, line: 3, endLine: 3 }
  const report = renderText(plainReview({ findings: [FINDINGS.confirmed, again] }))
  expect(report.match(/INSERT, UPDATE and DELETE wait/g)).toHaveLength(1)
  expect(report.match(/^ {2}\[1\] /gm)).toHaveLength(1)
})

test('notes and files that could not be replayed are listed briefly, even when nothing was found', () => {
  const skippedBase = Array.from({ length: 9 }, (_, index) => ({
    path: `m/${index}.sql`,
    line: 1,
    statement: 'x',
    reason: 'no such table',
  }))
  const notes = ['one', 'two', 'three', 'four', 'five', 'six']
  expect(
    renderText(plainReview({ findings: [], notes, skippedBase }), { width: 200 })
      .split('\n')
      .slice(0, -2),
  ).toEqual([
    'one',
    'two',
    'three',
    'four',
    'and 2 more notes',
    '9 statements of the base could not be replayed: m/0.sql:1 (no such table), m/1.sql:1 (no such table), m/2.sql:1 (no such table), m/3.sql:1 (no such table) and 5 more',
    'not fully measured at migrations/7.sql:5: it failed',
  ])
})

test('a suspicion of something severe comes before what is mild and confirmed', () => {
  const mild = { ...FINDINGS.confirmed, severity: 'low' as const, rule: 'avoid-mild' }
  const report = renderText(plainReview({ findings: [mild, { ...FINDINGS.suspected, severity: 'high', rule: 'avoid-severe' }] }))
  expect(report.indexOf('avoid-severe')).toBeLessThan(report.indexOf('avoid-mild'))
})

test('without anything to run, no version of the clone is made up', () => {
  const nothing = { files: 0, statements: 0, parsed: 0, measured: 0 }
  const report = renderText(plainReview({ coverage: nothing, scripts: [], findings: [], cloneVersion: null, postgres: 16 }))
  expect(report).not.toContain('Postgres 16')
})
