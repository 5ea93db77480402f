import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import type { SarifOptions } from '../src/reports/sarif.ts'
import { renderSarif } from '../src/reports/sarif.ts'
import type { Review } from '../src/review/review.ts'
import { cleanReview, FINDINGS, plainReview, sampleReview } from './fixtures/reports/sample-review.ts'

// biome-ignore lint/suspicious/noExplicitAny: a report is looked at as its readers do, without our types
type Any = any

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true })
addFormats.default(ajv)
const validate = ajv.compile(JSON.parse(readFileSync('test/fixtures/reports/sarif-2.1.0-reduced.schema.json', 'utf8')))

function runOf(review: Review, options?: SarifOptions): Any {
  const log = JSON.parse(renderSarif(review, options))
  validate(log)
  expect(validate.errors).toBeNull()
  return log.runs[0]
}

test.each([
  ['everything', sampleReview()],
  ['what a reader meets', plainReview()],
  ['nothing found', cleanReview()],
  ['nothing at all', plainReview({ scripts: [], findings: [] })],
  ['no clone', plainReview({ clone: 'none', cloneVersion: null })],
])('the log of a review with %s is valid', (_name, review) => {
  expect(runOf(review, { version: '0.1.0' }).tool.driver).toMatchObject({ name: 'pgwitness', version: '0.1.0' })
})

test('levels follow severity and verdict; refuted passes, suppressed says so', () => {
  const results = runOf(plainReview()).results.map((result: Any) => [result.ruleId, result.kind, result.level, result.suppressions?.[0]])
  expect(results).toEqual([
    ['avoid-table-rewrite', 'fail', 'error', undefined],
    ['require-concurrent-index', 'fail', 'error', undefined],
    ['avoid-unread-column', 'fail', 'note', undefined],
    [
      'require-lock-timeout',
      'fail',
      'error',
      { kind: 'inSource', status: 'accepted', justification: 'the table is empty until the launch (a comment on line 4)' },
    ],
    ['avoid-volatile-default', 'pass', 'none', undefined],
  ])
})

test('the baseline suppresses from outside', () => {
  const finding = { ...FINDINGS.suppressed, suppressed: { by: 'known.json', reason: 'known', baseline: true as const } }
  expect(runOf(plainReview({ findings: [finding] })).results[0].suppressions[0].kind).toBe('external')
})

test('readers that take every result for a problem get problems only', () => {
  const run = runOf(plainReview(), { problemsOnly: true })
  expect(run.results.map((result: Any) => result.ruleId)).toEqual([
    'avoid-table-rewrite',
    'require-concurrent-index',
    'avoid-unread-column',
  ])
  expect(run.tool.driver.rules).toHaveLength(3)
})

test('regions count UTF-16 units and addresses are encoded', () => {
  const results = runOf(sampleReview()).results
  const regions = Object.fromEntries(results.map((result: Any) => [result.ruleId, result.locations[0].physicalLocation]))
  expect(regions['avoid-unread-column'].region).toEqual({ startLine: 5, endLine: 5, startColumn: 12, endColumn: 63 })
  expect(regions['avoid-table-rewrite'].region).toEqual({ startLine: 3, endLine: 4, startColumn: 1, endColumn: 33 })
  expect(regions['avoid-failure'].artifactLocation).toEqual({
    uri: 'migrations/8%20%40everyone%20%26%20%5Bx%5D.sql',
    uriBaseId: '%SRCROOT%',
  })
})

test('each result points at its rule, and rules have help with their sources', () => {
  const {
    results,
    tool: {
      driver: { rules },
    },
  } = runOf(sampleReview())
  for (const result of results) expect(rules[result.ruleIndex].id).toBe(result.ruleId)
  const rule = rules.find(({ id }: Any) => id === 'require-concurrent-index')
  expect(rule.helpUri).toBe('https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY')
  expect(rule.help.text).toContain('"Normally PostgreSQL locks the table to be indexed against writes"')
  expect(rule.help.markdown).toContain('[PostgreSQL, Building Indexes Concurrently](<https://www.postgresql.org/')
})

describe('fingerprints', () => {
  test('do not depend on lines, and tell equal statements of a file apart', () => {
    const moved = { ...FINDINGS.confirmed, line: 9, endLine: 9 }
    const [first, second] = runOf(plainReview({ findings: [FINDINGS.confirmed, moved] })).results.map(
      (result: Any) => result.partialFingerprints,
    )
    expect(first).toEqual({
      'pgwitness/v1': FINDINGS.confirmed.fingerprint,
      primaryLocationLineHash: `${FINDINGS.confirmed.fingerprint}:1`,
    })
    expect(second.primaryLocationLineHash).toBe(`${FINDINGS.confirmed.fingerprint}:2`)
  })
})

test('what could not be done is a notification, the coverage line the last', () => {
  const notifications = runOf(sampleReview()).invocations[0].toolExecutionNotifications
  expect(notifications.map((notification: Any) => [notification.descriptor.id, notification.level])).toEqual([
    ['unparsed', 'error'],
    ['base-not-replayed', 'warning'],
    ['note', 'note'],
    ['coverage', 'note'],
  ])
  expect(notifications[0].locations[0].physicalLocation.region).toEqual({ startLine: 1, endLine: 4 })
  expect(notifications[3].message.text).toMatch(/^pgwitness: 2 files/)
})

test('text of the change makes no link in a message', () => {
  const message = 'see [here](http://evil.example)'
  expect(runOf(plainReview({ findings: [{ ...FINDINGS.suspected, message }] })).results[0].message.text).toContain(
    '[here] (http://evil.example)',
  )
})

test.each<[string, (run: Any) => void]>([
  [
    'a result that passes with a level',
    (run) => {
      run.results[4].level = 'error'
    },
  ],
  [
    'a result without a place',
    (run) => {
      run.results[0].locations = []
    },
  ],
  [
    'an absolute path',
    (run) => {
      run.results[0].locations[0].physicalLocation.artifactLocation.uri = '/migrations/7.sql'
    },
  ],
  [
    'column zero',
    (run) => {
      run.results[0].locations[0].physicalLocation.region.startColumn = 0
    },
  ],
  [
    'a rule without help',
    (run) => {
      delete run.tool.driver.rules[0].help
    },
  ],
  [
    'an unknown property',
    (run) => {
      run.results[0].severity = 'high'
    },
  ],
])('the schema refuses %s', (_name, spoil) => {
  const log = JSON.parse(renderSarif(plainReview()))
  spoil(log.runs[0])
  expect(validate(log)).toBe(false)
})
