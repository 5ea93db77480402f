import { toUSVString } from 'node:util'
import type { Finding } from '../review/finding.ts'
import { count } from '../review/lists.ts'
import type { Review } from '../review/review.ts'
import { coverageLine } from './coverage-line.ts'
import { evidenceInWords } from './evidence-in-words.ts'
import { compareFindings } from './finding-order.ts'
import { fixInWords } from './fix-in-words.ts'

/**
 * JUnit XML: a suite a file, a case a finding. Confirmed and suspected ones fail, suppressed ones are skipped, refuted ones pass;
 * a file without findings has one case that passes, since a suite without cases reads as a mistake.
 */
export function renderJunit(review: Review): string {
  const paths = [...new Set([...review.scripts.map(({ script }) => script.path), ...review.findings.map(({ path }) => path)])]
  const suites = paths.map((path) => suite(path, review))
  const total = attributes({
    name: 'pgwitness',
    tests: sum(suites, 'tests'),
    failures: sum(suites, 'failures'),
    errors: 0,
    skipped: sum(suites, 'skipped'),
  })
  const properties = `  <!-- ${text(coverageLine(review)).replaceAll('--', '- -')} -->`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${total}>`,
    properties,
    ...suites.map(({ xml }) => xml),
    '</testsuites>',
    '',
  ].join('\n')
}

interface Suite {
  tests: number
  failures: number
  skipped: number
  xml: string
}

function suite(path: string, review: Review): Suite {
  const findings = review.findings.filter((finding) => finding.path === path).toSorted(compareFindings)
  const skipped = findings.filter((finding) => finding.verdict !== 'refuted' && finding.suppressed).length
  const failures = findings.filter((finding) => finding.verdict !== 'refuted').length - skipped
  const cases = findings.length > 0 ? findings.map((finding) => testCase(finding, review)) : [nothingFound(path, review)]
  const counts = { tests: cases.length, failures, skipped }
  const open = `  <testsuite${attributes({ name: path, tests: cases.length, failures, errors: 0, skipped })}>`
  return { ...counts, xml: [open, ...cases, '  </testsuite>'].join('\n') }
}

function nothingFound(path: string, review: Review): string {
  const statements = review.scripts
    .filter(({ script }) => script.path === path)
    .reduce((total, script) => total + script.statements.length, 0)
  return `    <testcase${attributes({ name: `${count(statements, 'statement')}, nothing found`, classname: path, file: path })}/>`
}

function testCase(finding: Finding, review: Review): string {
  const { rule, path, line, message, severity, verdict } = finding
  const open = `    <testcase${attributes({ name: `${rule} (line ${line})`, classname: path, file: path, line })}`
  if (verdict === 'refuted') return `${open}/>`
  if (finding.suppressed) {
    return `${open}><skipped${attributes({ message: `${finding.suppressed.by}: ${finding.suppressed.reason}` })}/></testcase>`
  }
  const failure = attributes({ type: `${severity} ${verdict}`, message })
  return `${open}>\n      <failure${failure}>${text(body(finding, review))}</failure>\n    </testcase>`
}

function body({ path, line, message, evidence, explanation, fix, citations }: Finding, review: Review): string {
  return [
    `${path}:${line}`,
    message,
    ...evidence.map((item) => `Seen: ${evidenceInWords(item, review)}`),
    explanation,
    ...(fix ? [fixInWords(fix)] : []),
    ...citations.map(({ title, url }) => `${title}: ${url}`),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        ` ${name}="${text(`${value}`)
          .replaceAll('"', '&quot;')
          .replace(/[\t\n\r]/g, (space) => `&#${space.charCodeAt(0)};`)}"`,
    )
    .join('')
}

/** Character data. XML 1.0 has no way to write most control characters, so those are left out. */
function text(value: string): string {
  return toUSVString(value).replace(FORBIDDEN, '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

// https://www.w3.org/TR/xml/#charsets; C1 controls are allowed but discouraged, and of no use to anybody here.
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g

function sum(suites: readonly Suite[], what: 'tests' | 'failures' | 'skipped'): number {
  return suites.reduce((total, suite) => total + suite[what], 0)
}
