import { expect, test } from 'vitest'
import { normaliseStatement } from '../src/sql/reader/normalise.ts'
import { spliceAfter } from '../src/sql/reader/splice.ts'

test.each([
  ['CREATE  INDEX /* why */ Foo\n  ON "Bar" ( a , B ) -- because\n WHERE x = 1;', 'create index foo on "Bar"(a,b)where x=1'],
  ['create index foo on "Bar"(a,b) where x=1', 'create index foo on "Bar"(a,b)where x=1'],
  ["select 'A  b' , $$ C -- d $$", "select 'A  b',$$ C -- d $$"],
  ["select 'never  closed", "select 'never  closed"],
  ['\\i  a.sql', '\\i a.sql'],
  ['', ''],
])('%j is %j', (text, expected) => {
  expect(normaliseStatement(text)).toBe(expected)
})

test('what differs stays different', () => {
  const texts = [
    'select a',
    'select "A"',
    "select 'a'",
    "select 'A'",
    'select a -1',
    'select a - -1',
    'select a --1',
    'selecta',
    'select a.b',
  ]
  expect(new Set(texts.map(normaliseStatement)).size).toBe(texts.length - 1)
})

test('words are spliced in after a token, and the rest stays as written', async () => {
  expect(await spliceAfter('CREATE UNIQUE  INDEX i ON t(a)', 'index', 'CONCURRENTLY')).toBe('CREATE UNIQUE  INDEX CONCURRENTLY i ON t(a)')
  expect(await spliceAfter('drop /* index */ index é, "index";', 'index', 'concurrently')).toBe(
    'drop /* index */ index concurrently é, "index";',
  )
  expect(await spliceAfter('alter table t add constraint c check (a > 0);', ')', 'not valid')).toBe(
    'alter table t add constraint c check (a > 0) not valid;',
  )
  expect(await spliceAfter('create  table t (a int)', 'create table', 'if not exists')).toBe('create  table if not exists t (a int)')
  expect(await spliceAfter('select 1', 'index', 'x')).toBeUndefined()
})
