import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { renderCodeQuality } from '../src/reports/code-quality.ts'
import { renderGithub } from '../src/reports/github.ts'
import { renderJunit } from '../src/reports/junit.ts'
import { readXml } from './fixtures/reports/read-xml.ts'
import { cleanReview, FINDINGS, plainReview, sampleReview } from './fixtures/reports/sample-review.ts'

describe('code-quality', () => {
  const CodeQuality = z
    .array(
      z.strictObject({
        description: z
          .string()
          .min(1)
          .regex(/^[^\u0000-\u001f]+$/),
        check_name: z.string().min(1),
        fingerprint: z.string().min(1),
        severity: z.enum(['info', 'minor', 'major', 'critical', 'blocker']),
        location: z.strictObject({ path: z.string().regex(/^(?!\.?\/)/), lines: z.strictObject({ begin: z.int().min(1) }) }),
      }),
    )
    .refine((issues) => new Set(issues.map(({ fingerprint }) => fingerprint)).size === issues.length, 'GitLab merges equal fingerprints')

  test('it has the fields GitLab asks for, worst first, a suspicion milder', () => {
    const issues = CodeQuality.parse(JSON.parse(renderCodeQuality(sampleReview())))
    expect(issues.map(({ check_name, severity }) => [check_name, severity])).toEqual([
      ['avoid-table-rewrite', 'blocker'],
      ['require-concurrent-index', 'critical'],
      ['avoid-failure', 'minor'],
      ['avoid-unread-column', 'minor'],
    ])
    expect(issues[1]).toEqual({
      description: 'Building this index refuses every write to `orders` until it is done. (confirmed)',
      check_name: 'require-concurrent-index',
      fingerprint: FINDINGS.confirmed.fingerprint,
      severity: 'critical',
      location: { path: 'migrations/7.sql', lines: { begin: 2 } },
    })
  })

  test('equal statements of a file stay two', () => {
    const findings = [FINDINGS.confirmed, { ...FINDINGS.confirmed, line: 4 }]
    expect(CodeQuality.parse(JSON.parse(renderCodeQuality(plainReview({ findings }))))).toHaveLength(2)
  })
})

describe('junit', () => {
  test('a suite a file, a case a finding, and numbers that add up', () => {
    const document = readXml(renderJunit(sampleReview()))
    expect(document).toMatchObject({ name: 'testsuites', attributes: { tests: '6', failures: '4', errors: '0', skipped: '1' } })
    const suites = document.children.map(({ attributes, children }) => [
      attributes.name,
      attributes.tests,
      attributes.failures,
      attributes.skipped,
      children.length,
    ])
    expect(suites).toEqual([
      ['migrations/7.sql', '5', '3', '1', 5],
      ['migrations/8 @everyone & [x].sql', '1', '1', '0', 1],
    ])
    expect(document.children[0]?.children.map((item) => [item.attributes.name, item.children[0]?.name])).toEqual([
      ['avoid-table-rewrite (line 3)', 'failure'],
      ['require-concurrent-index (line 2)', 'failure'],
      ['require-lock-timeout (line 5)', 'skipped'],
      ['avoid-unread-column (line 5)', 'failure'],
      ['avoid-volatile-default (line 5)', undefined],
    ])
  })

  test('a failure says what the finding says', () => {
    const failure = readXml(renderJunit(plainReview())).children[0]?.children[1]?.children[0]
    expect(failure?.attributes).toEqual({ type: 'high confirmed', message: FINDINGS.confirmed.message })
    expect(failure?.text).toContain('Seen: SHARE on public.orders, builds orders_email (embedded Postgres 18.6)')
  })

  test('hostile text arrives without its control characters', () => {
    const failure = readXml(renderJunit(sampleReview())).children[1]?.children[0]?.children[0]
    expect(failure?.text).toContain('<script>alert(1)</script> ```\n/close\n``` ]]> --> [2J]0;owned')
    expect(failure?.attributes.message).toContain('ab')
  })

  test('half a surrogate pair and what XML cannot hold do not break it', () => {
    const message = 'a\ud800b\uffffc\u0008d'
    expect(
      readXml(renderJunit(plainReview({ findings: [{ ...FINDINGS.suspected, message }] }))).children[0]?.children[0]?.children[0]
        ?.attributes.message,
    ).toBe('a\ufffdbcd')
  })

  test('a file without findings has a case that passes', () => {
    const [suite] = readXml(renderJunit(cleanReview({ findings: [] }))).children
    expect(suite?.attributes).toMatchObject({ name: 'migrations/7.sql', tests: '1', failures: '0' })
    expect(suite?.children.map(({ attributes, children }) => [attributes.name, children.length])).toEqual([
      ['2 statements, nothing found', 0],
    ])
  })
})

describe('github', () => {
  /** What the runner makes of a line, by its own rules: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts */
  function readCommand(line: string) {
    const [, command = '', properties = '', message = ''] = /^::(\w+) (.*?)::(.*)$/.exec(line) ?? []
    const data = (text: string) => text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
    const property = (text: string) => data(text.replaceAll('%3A', ':').replaceAll('%2C', ','))
    const pairs = properties.split(',').map((pair) => pair.split('='))
    return {
      command,
      message: data(message),
      properties: Object.fromEntries(pairs.map(([name = '', value = '']) => [name, property(value)])),
    }
  }

  test('an annotation a finding, refuted and suppressed ones none, the coverage line last', () => {
    const lines = renderGithub(plainReview()).trimEnd().split('\n')
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['::error', '::error', '::notice', 'pgwitness:'])
    expect(readCommand(lines[0] ?? '')).toEqual({
      command: 'error',
      properties: { file: 'migrations/7.sql', line: '3', endLine: '4', title: 'avoid-table-rewrite (critical, confirmed)' },
      message: [
        FINDINGS.multiLine.message,
        'Seen: ACCESS EXCLUSIVE on public.orders, rewrites it, builds orders_pkey; ROW SHARE on public.shipments (embedded Postgres 18.6)',
        'Instead: Add a column of the new type, fill it in batches, swap the two. Each step in a transaction of its own:',
        'alter table orders add column total_new bigint;',
        'update orders set total_new = total where id between 1 and 10000;',
      ].join('\n'),
    })
  })

  test('percent, colon, comma and line ends survive, in properties and in the message', () => {
    const finding = { ...FINDINGS.suspected, path: 'a,b:c%25.sql', message: '100%\r\n::error::x, y: z %0A' }
    const [line = ''] = renderGithub(plainReview({ findings: [finding], scripts: [] })).split('\n')
    expect(line).toContain('file=a%2Cb%3Ac%2525.sql,')
    const { properties, message } = readCommand(line)
    expect(properties.file).toBe('a,b:c%25.sql')
    expect(message).toBe('100%\n\\x3a:error::x, y: z %0A')
  })

  test('no other line can be a command', () => {
    const notes = ['::set-output name=a::b', '  ::stop-commands::x', 'a\n::error::b', '##[add-mask]x']
    const log = renderGithub(plainReview({ findings: [], notes }))
    expect(log).not.toMatch(/^\s*::/m)
    expect(log).not.toContain('##[')
  })
})
