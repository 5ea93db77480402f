import { describe, expect, test } from 'vitest'
import { LIMITS } from '../src/reports/limits.ts'
import { renderMarkdown } from '../src/reports/markdown.ts'
import { codeMarkdown, fencedMarkdown, htmlText, linkMarkdown, proseMarkdown } from '../src/reports/markdown-escape.ts'
import { cleanReview, FINDINGS, HOSTILE, plainReview, sampleReview } from './fixtures/reports/sample-review.ts'

test('a comment as its author writes it', () => {
  const report = renderMarkdown(plainReview())
  expect(report.slice(0, report.indexOf('**Instead'))).toBe(`### pgwitness: 3 findings: 2 confirmed, 1 suspected

**Worst:** Changing the type of \`orders.total\` writes the whole table anew while nobody may read it. (critical, confirmed by running it, \`migrations/7.sql:3\`)

| Finding | What, and where in \`migrations/\` |
|---|---|
| critical<br>\`c934f2be\` | Changing the type of \`orders.total\` writes the whole table anew while nobody may read it.<br>\`7.sql:3\` |
| high<br>\`ef684d6a\` | Building this index refuses every write to \`orders\` until it is done.<br>\`7.sql:2\` |
| medium, suspected<br>\`c2aa6df8\` | Code that is still deployed may read \`orders\` with \`select *\`.<br>\`7.sql:5\` |

<details><summary><code>c934f2be</code> <b>critical</b>, confirmed: Change types without a rewrite · <code>migrations/7.sql:3</code></summary>

\`\`\`sql
3 | alter table orders
4 |   alter column total type bigint;
\`\`\`

Changing the type of \`orders.total\` writes the whole table anew while nobody may read it.

ACCESS EXCLUSIVE is held until the last row is written.

A widened \`varchar\` would not need this.

`)
  expect(report.slice(report.indexOf('<details><summary>Checked'))).toBe(`<details><summary>Checked and harmless: 1 claim</summary>

- \`migrations/7.sql:5\` \`avoid-volatile-default\`: This default may rewrite \`orders\`. **Not so.** The default is a constant, which Postgres keeps in the catalog. Seen: ACCESS EXCLUSIVE on public.orders (embedded Postgres 18.6)

</details>

<details><summary>Muted: 1 finding</summary>

- \`migrations/7.sql:5\` \`require-lock-timeout\`: the table is empty until the launch (a comment on line 4)

</details>

<details><summary>Not tested in full, and why</summary>

- it failed: \`migrations/7.sql:5\`

</details>

<sub>pgwitness: 1 file, 3 statements, 2 measured on embedded Postgres 18.6, no model; 2 confirmed, 1 suspected (1 claim checked and refuted, 1 suppressed)</sub>
`)
})

test('a clean change is one line, and what was refuted folded', () => {
  const line =
    'pgwitness: 3 files, 12 statements, 11 measured on embedded Postgres 18.6, no model; nothing found (2 claims checked and refuted)'
  expect(renderMarkdown(cleanReview({ findings: [] }))).toBe(`<sub>${line.replace(' (2 claims checked and refuted)', '')}</sub>\n`)
  expect(renderMarkdown(cleanReview())).toMatch(
    /^<details><summary>Checked and harmless: 2 claims<\/summary>\n\n(- .*\n){2}\n<\/details>\n\n<sub>.*<\/sub>\n$/,
  )
  expect(renderMarkdown(cleanReview())).toContain(line)
})

test('without a clone it says that nothing was run', () => {
  const report = renderMarkdown(plainReview({ clone: 'none', cloneVersion: null, findings: [FINDINGS.suspected] }))
  expect(report).toContain('Nothing was run: there was no clone, so these are suspicions, not measurements.')
  expect(report).not.toContain('Not tested in full, and why')
})

test('it never outgrows a comment, and says what is missing', () => {
  const message = 'x'.repeat(1000)
  const findings = Array.from({ length: 400 }, (_, index) => ({
    ...FINDINGS.confirmed,
    line: index + 1,
    endLine: index + 1,
    message,
    explanation: message,
  }))
  const report = renderMarkdown(plainReview({ findings }))
  expect(report.length).toBeLessThan(LIMITS.markdown)
  expect(report).toContain('350 more findings not in this table.')
  expect(report).toMatch(/Details of 3\d\d more findings did not fit here/)
  expect(report.match(/<details>/g)?.length).toBe(report.match(/<\/details>/g)?.length)
})

describe('text of the change stays text', () => {
  const report = renderMarkdown(sampleReview())
  // What is left when code, where everything is shown as it is, is taken away.
  const prose = report.replace(/^(`{3,})\w*\n[\s\S]*?\n\1$/gm, '').replace(/(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '')

  test('the sample really holds what the rest looks for', () => {
    expect(report).toContain('@')
    for (const trap of ['@everyone', '![x](', '<script>', '```', ']]>', '\n/close', '#1']) expect(HOSTILE).toContain(trap)
  })

  test('no HTML but our own, no image, no mention, no address, no reference', () => {
    const tags = new Set([...prose.matchAll(/<\/?(\w+)/g)].map(([, tag]) => tag))
    expect(tags).toEqual(new Set(['details', 'summary', 'b', 'br', 'code', 'sub', 'sup', 'https']))
    expect(prose).not.toMatch(/(?<!\\)!\[|@\w|(?<!&)#\d|(?<!\\)!\d/)
    const addresses = prose.replace(/<summary>.*<\/summary>/g, '').match(/https?:\/\/[^\s>]*/g)
    expect([...new Set(addresses)]).toEqual([
      'https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
      'https://example.org/a%3Eb%22c%20d',
    ])
  })

  test('no line is a quick action of GitLab', () => {
    expect(report).not.toMatch(/^\/\w/m)
    expect(report).toContain('\n\\/merge\n')
  })

  test('no code block ends early', () => {
    expect(report).toMatch(/^````sql\n@everyone[^\n]*\n \/close\n``` \]\]>[^\n]*\n````$/m)
  })
})

test.each([
  ['plain words, snake_case and 1.5', 'plain words, snake_case and 1.5'],
  ['_a_ *b* ~c~ [d](e) \\ | $x$', '\\_a\\_ \\*b\\* \\~&#8203;c\\~ \\[d\\](e) \\\\ &#124; &#36;&#8203;x&#36;'],
  ['`a | b` and ` alone', '`a | b` and \\` alone'],
  ['@team, me@example.org, #12 !3', '@&#8203;team, me@&#8203;example.org, #&#8203;12 !&#8203;3'],
  ['<img src=x> &lt;', '&lt;img src=x&gt; &amp;&#8203;lt;'],
  ['see http://x.example and www.x.example', 'see http&#58;&#8203;//x.example and www&#46;&#8203;x.example'],
  [
    'GH-12 :boom: {+ a +} [vulnerability:3] [TOC] int[3] deadbeef1 x::text',
    'GH&#8203;-12 &#58;&#8203;boom: {&#8203;+ a +} \\[&#8203;vulnerability:3\\] \\[&#8203;TOC\\] int\\[3\\] deadbe&#8203;ef1 x::text',
  ],
  ['# heading', '\\# heading'],
  ['- item', '\\- item'],
  ['1. item', '1\\. item'],
  ['/merge', '\\/merge'],
  ['two\n\nparagraphs', 'two paragraphs'],
])('prose %j', (text, markdown) => {
  expect(proseMarkdown(text)).toBe(markdown)
})

test('code spans, fences, links and HTML hold any text', () => {
  expect(codeMarkdown('a`b``c')).toBe('```a`b``c```')
  expect(codeMarkdown('`a`')).toBe('`` `a` ``')
  expect(fencedMarkdown('a\n````\nb', 'sql')).toBe('`````sql\na\n````\nb\n`````')
  expect(linkMarkdown('a [b]', 'https://x.example/ >(1)')).toBe('[a \\[b\\]](<https://x.example/%20%3E(1)>)')
  expect(linkMarkdown('a', 'javascript:alert(1)')).toBe('a')
  expect(htmlText('<b> & "@all"')).toBe('&#60;b&#62; &#38; &#34;@&#8203;all&#34;')
})
