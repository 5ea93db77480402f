import { expect, test } from 'vitest'
import { offsetOfCodePoint, offsetsOf } from '../src/sql/offsets.ts'
import { readScript } from '../src/sql/reader/read-script.ts'

const FILES: Record<string, string> = {
  plain: 'select 1;\nselect 2',
  'a byte order mark': '\ufeffselect 1;\nselect 2;',
  'Windows line ends': 'select 1;\r\n\r\nselect\r\n2;\r\n',
  'accents before and inside': "-- é\nselect 'ä', ü from tâble;\nselect 'b' /* ñ */ ;",
  emoji: "-- 😀😀\nselect '😀' as \"👍\"; /* 🐘 */ select 2 where a = '🐘';\nselect 3",
  'a mark, emoji and Windows line ends':
    "\ufeff-- 😀\r\ncreate table \"t😀\" (a int default 1, b text check (b <> 'é'));\r\nselect '🐘';\r\n",
}

test.each(Object.entries(FILES))('positions are those of the file with %s', async (_, file) => {
  const bytes = Buffer.from(file)
  const statements = await readScript(file)
  expect(statements.length).toBeGreaterThan(1)
  for (const one of statements) {
    expect(one.text).toMatch(/^(?:select|create)[^;]*[^;\s]$/)
    expect(file.slice(one.start, one.end)).toBe(one.text)
    expect(bytes.subarray(one.startByte, one.endByte).toString()).toBe(one.text)
    expect(one.line).toBe(file.slice(0, one.start).split('\n').length)
    expect(one.endLine).toBe(file.slice(0, one.end).split('\n').length)
  }
})

test('comments and blanks around a statement are no part of it', async () => {
  const statements = await readScript('/* a */ -- b\n select 1 -- c\n /* d */ ; -- e\n\n;;\nselect /* f */ 2 -- g')
  expect(statements.map((one) => one.text)).toEqual(['select 1', 'select /* f */ 2'])
})

test('words quoted from the source are whole beside characters of several bytes', async () => {
  const [statement] = await readScript(
    "/* 😀 */ create table \"é\" (\"ü\" text default 'ñ😀' || 'x' not null, c text check (c <> '🐘'), d int default (1 + 2)) partition by list (lower(c))",
  )
  const columns = statement?.operations.filter((one) => one.action === 'define column').map((one) => one.column?.defaultExpression)
  expect(columns).toEqual(["'ñ😀' || 'x'", undefined, '(1 + 2)'])
  expect(statement?.operations.find((one) => one.constraint)?.constraint?.expression).toBe("c <> '🐘'")
  expect(statement?.operations[0]?.partitionKey).toBe('partition by list (lower(c))')
})

test('a syntax error points at the place, characters of several units before it or not', async () => {
  const file = "select '😀'; -- é\nselect '🐘' froom t x y;\nselect 3"
  const [, broken, last] = await readScript(file)
  expect(broken?.kind).toBe('unknown')
  expect(file.slice(broken?.syntaxError?.at)).toMatch(/^t x y/)
  expect(last?.text).toBe('select 3')
})

test('offsets agree with Buffer at every position of a long text', () => {
  const text = 'aé漢😀\n'.repeat(700)
  const offsets = offsetsOf(text)
  for (let at = 0; at <= text.length; at += 1) {
    if (/[\udc00-\udfff]/.test(text[at] ?? '')) continue
    const byte = Buffer.byteLength(text.slice(0, at))
    expect(offsets.toByte(at)).toBe(byte)
    expect(offsets.ofByte(byte)).toBe(at)
  }
  expect(offsets.lineOf(text.length)).toBe(701)
  expect(offsetOfCodePoint(text, 5)).toBe(6)
})

test('half a surrogate pair is no reason to fail', async () => {
  const statements = await readScript("select '\ud83d', 1; select 2")
  expect(statements.map((one) => [one.kind, one.start])).toEqual([
    ['select', 0],
    ['select', 15],
  ])
})
