/** How blocks become passages: what stays whole, what is joined, and that no text is lost on the way. */
import { describe, expect, test } from 'vitest'
import type { Block } from '../src/knowledge/document.ts'
import { manualSource } from '../src/knowledge/sources/manual.ts'
import { split } from '../src/knowledge/splitting/split.ts'
import { countTokens } from '../src/knowledge/splitting/tokens.ts'
import { hasManual, MANUAL } from './fixtures/installed-manual.ts'

function block(text: string, more: Partial<Block> = {}): Block {
  return { breadcrumb: ['Notes'], anchor: 'NOTES', kind: 'prose', term: null, text, ...more }
}

/** About as many tokens, in sentences of ten words. */
function words(tokens: number, word = 'lock'): string {
  const sentences = Array.from({ length: Math.round(tokens / 12) }, (_, at) => `Sentence${at % 10} ${`${word} `.repeat(9).trim()}.`)
  return sentences.join(' ')
}

const squeezed = (text: string) => text.replaceAll(/\s+/g, ' ').trim()

describe('prose', () => {
  test('of one section is joined while it is short', () => {
    const passages = split([block('One.'), block('Two:'), block('select 1;', { kind: 'example' }), block('Three.')])
    expect(passages).toEqual([
      {
        position: 0,
        breadcrumb: ['Notes'],
        anchor: 'NOTES',
        kind: 'prose',
        term: null,
        text: 'One.\n\nTwo:\n\nselect 1;\n\nThree.',
        tokens: countTokens('One.\n\nTwo:\n\nselect 1;\n\nThree.'),
      },
    ])
  })

  test('with an anchor of its own begins a passage; a table with one is alone', () => {
    const table = block('a | b', { kind: 'table', anchor: 'T' })
    const passages = split([block('One.'), block('Two.', { anchor: 'P' }), block('Three.'), table, block('Four.'), block('Five.')])
    expect(passages.map(({ anchor, text }) => [anchor, text])).toEqual([
      ['NOTES', 'One.'],
      ['P', 'Two.\n\nThree.'],
      ['T', 'a | b'],
      ['NOTES', 'Four.\n\nFive.'],
    ])
  })

  test('of two sections is not', () => {
    expect(split([block('One.'), block('Two.', { breadcrumb: ['Notes', 'More'] }), block('Three.')]).map(({ text }) => text)).toEqual([
      'One.',
      'Two.',
      'Three.',
    ])
  })

  test('stays whole below 500 tokens, and is parted evenly between paragraphs above', () => {
    const short = [words(200), words(270)].join('\n\n')
    expect(split([block(short)])).toHaveLength(1)
    const paragraphs = Array.from({ length: 12 }, (_, at) => words(90, `word${at}`))
    const passages = split([block(paragraphs.join('\n\n'))])
    expect(passages.map(({ position }) => position)).toEqual(passages.map((_, at) => at))
    expect(passages.map(({ text }) => text).join('\n\n')).toBe(paragraphs.join('\n\n'))
    for (const { tokens } of passages) expect(tokens).toBeGreaterThan(200)
    for (const { tokens } of passages) expect(tokens).toBeLessThan(500)
  })

  test('in one long paragraph is parted between sentences; without any, between words; without any, anywhere', () => {
    const sentences = split([block(words(2_000))])
    expect(sentences.length).toBeGreaterThan(3)
    for (const { text, tokens } of sentences) {
      expect(text).toMatch(/^Sentence.*\.$/s)
      expect(tokens).toBeLessThan(500)
    }
    const endless = split([block('lock '.repeat(3_000))])
    for (const { tokens } of endless) expect(tokens).toBeLessThan(500)
    const solid = '\u{1f418}'.repeat(5_000)
    const parts = split([block(solid)])
    expect(parts.map(({ text }) => text).join('')).toBe(solid)
    for (const { text } of parts) expect(text.isWellFormed()).toBe(true)
    expect(split([block('锁定表。'.repeat(1_000))]).every(({ tokens }) => tokens <= 500)).toBe(true)
  })

  test('that introduces an example stays with it', () => {
    const passages = split([block(`${words(330)}\n\nFor example:`), block('select 1;', { kind: 'example' }), block(words(330))])
    expect(passages.find(({ text }) => text.includes('select 1'))?.text).toContain('For example:\n\nselect 1;')
  })
})

describe('what must not be torn', () => {
  test('stands whole up to 2,000 tokens', () => {
    const long = (kind: Block['kind']) => block(Array.from({ length: 150 }, (_, at) => `line ${at} | of it`).join('\n'), { kind })
    for (const kind of ['synopsis', 'example', 'table', 'code', 'entry'] as const) {
      expect(split([long(kind)])).toMatchObject([{ kind, text: long(kind).text }])
    }
  })

  test('an entry is a passage of its own, with its term and anchor', () => {
    const entry = (term: string) => block(`${term} (integer)\nSmall.`, { kind: 'entry', term, anchor: term })
    expect(
      split([block('Before.'), entry('a'), entry('b'), block('After.')]).map(({ term, anchor, kind }) => [term, anchor, kind]),
    ).toEqual([
      [null, 'NOTES', 'prose'],
      ['a', 'a', 'entry'],
      ['b', 'b', 'entry'],
      [null, 'NOTES', 'prose'],
    ])
  })

  test('a table beyond is parted between rows, each part with its head', () => {
    const rows = Array.from({ length: 1_000 }, (_, at) => `lock ${at} | conflicts with ${at + 1}`)
    const head = 'Table of locks\nMode | Conflict\n--- | ---'
    const passages = split([block(`${head}\n${rows.join('\n')}`, { kind: 'table', anchor: 'T' })])
    expect(passages.length).toBeGreaterThan(3)
    expect(passages.flatMap(({ text }) => text.split('\n').slice(3))).toEqual(rows)
    for (const { text, tokens, anchor } of passages) {
      expect(text.startsWith(`${head}\n`)).toBe(true)
      expect(tokens).toBeLessThan(1_500)
      expect(anchor).toBe('T')
    }
  })

  test('an entry beyond says its term again, code is parted at empty lines', () => {
    const paragraphs = Array.from({ length: 10 }, () => words(300))
    const entry = split([block(`big_one (string)\n${paragraphs.join('\n\n')}`, { kind: 'entry', term: 'big_one' })])
    expect(entry.length).toBeGreaterThan(2)
    for (const { text, term } of entry) expect([text.startsWith('big_one (string)\n'), term]).toEqual([true, 'big_one'])
    const functions = Array.from({ length: 40 }, (_, at) => `function f${at}() {\n${'  call(a, b);\n'.repeat(10)}}`)
    const code = split([block(functions.join('\n\n'), { kind: 'code' })])
    expect(code.map(({ text }) => text).join('\n\n')).toBe(functions.join('\n\n'))
    for (const { text } of code) expect(text).toMatch(/^function[\s\S]*\}$/)
  })

  test('one line of a megabyte is parted all the same', () => {
    const passages = split([block(`{"a": "${'x'.repeat(1_000_000)}"}`, { kind: 'code' })])
    expect(passages.map(({ text }) => text.replaceAll(/\s/g, '')).join('')).toBe(`{"a":"${'x'.repeat(1_000_000)}"}`)
    for (const { tokens } of passages) expect(tokens).toBeLessThan(2_000)
  })
})

test('a message is not joined with another, and a long one is parted between paragraphs', () => {
  const message = (text: string) => block(text, { kind: 'message', breadcrumb: [], anchor: null })
  expect(split([message('Hi.'), message('Ho.')])).toHaveLength(2)
  expect(split([message([words(300), words(300), words(300)].join('\n\n'))])).toMatchObject([
    { kind: 'message' },
    { kind: 'message' },
    { kind: 'message' },
  ])
})

test('nothing gives nothing, and the same gives the same', () => {
  expect(split([])).toEqual([])
  expect(split([block(' \n\n ')])).toEqual([])
  const blocks = [block(words(900)), block('x', { kind: 'entry', term: 'x' })]
  expect(split(blocks)).toEqual(split(structuredClone(blocks)))
})

test.each([
  // Tokens of cl100k_base, which OpenAI's embedding models use.
  [
    'Maximum size to let the WAL grow during automatic checkpoints. This is a soft limit; WAL size can exceed max_wal_size under special circumstances.',
    29,
  ],
  [
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_customer_id_idx ON public.orders USING btree (customer_id, created_at DESC) WHERE deleted_at IS NULL;',
    30,
  ],
  ['ERROR: deadlock detected\nDETAIL: Process 18293 waits for ShareLock on transaction 748; blocked by process 18294.', 27],
])('tokens are estimated: %s', (text, real) => {
  expect(Math.abs(countTokens(text) - real) / real).toBeLessThan(0.2)
})

describe.skipIf(!hasManual)('the manual of Postgres 15 (skipped where postgresql-doc-15 is not installed)', () => {
  test('loses no text in passages, and all are of a size', async () => {
    const source = manualSource({ type: 'manual', name: 'm', postgres: 15, path: MANUAL })
    for await (const item of source.read(new Map(), { signal: new AbortController().signal, progress() {} })) {
      if (item.kind !== 'document') continue
      const { key, blocks } = item.document
      const passages = split(blocks)
      const anchors = new Set(passages.map(({ anchor }) => anchor))
      expect(
        blocks.map(({ anchor }) => anchor).filter((anchor) => !anchors.has(anchor)),
        key,
      ).toEqual([])
      const before = squeezed(blocks.map(({ text }) => text).join(' '))
      const after = squeezed(passages.map(({ text }) => text).join(' '))
      if (passages.every(({ tokens }) => tokens < 900)) expect(after, key).toBe(before)
      expect(
        passages.filter(({ tokens }) => tokens > 2_000),
        key,
      ).toEqual([])
      expect(
        passages.filter(({ kind, tokens }) => kind === 'prose' && tokens > 1_300).map(({ text }) => text),
        key,
      ).toEqual([])
    }
  }, 60_000)
})
