import { expect, test } from 'vitest'
import { readScript } from '../src/sql/reader/read-script.ts'
import type { Statement } from '../src/sql/statement.ts'

const kinds = (statements: Statement[]) => statements.map((one) => one.kind)

test('one broken statement does not hide the others', async () => {
  const [first, broken, last] = await readScript('create table a (b int);\ncreate table c (d int,);\nalter table a add column e int;')
  expect([first?.kind, last?.kind]).toEqual(['create table', 'alter table'])
  expect(last?.operations[0]?.table?.new).toBe(true)
  expect(broken).toMatchObject({
    kind: 'unknown',
    operations: [],
    line: 2,
    syntaxError: { message: 'syntax error at or near ")"', at: 46 },
  })
})

test('semicolons inside bodies, strings and parentheses end nothing', async () => {
  const statements = await readScript(`
    create function f() returns int begin atomic select case when true then 1 else 2 end; select 2; end;
    create rule r as on insert to a do instead (insert into b values (1); delete from c);
    do $x$ begin perform ';'; end $x$; select ';', $$;$$, E'\\';' /* ; /* ; */ ; */ -- ;
    ; selec; select (1; select 2`)
  expect(kinds(statements)).toEqual(['create function', 'create rule', 'do', 'select', 'unknown', 'unknown', 'select'])
})

test('commands of psql are read past, and those that bring in more are told', async () => {
  const statements = await readScript(
    "\\restrict abc\n\\set x 5\n\\connect shop\nselect 1 \\gset\n\\i other.sql\n\\copy t from 'a.csv'\nselect 2;\n\\unrestrict abc\n",
  )
  expect(kinds(statements)).toEqual(['select', 'unknown', 'unknown', 'select'])
  expect(statements.map((one) => one.text)).toEqual(['select 1', '\\i other.sql', "\\copy t from 'a.csv'", 'select 2'])
  expect(statements[1]?.syntaxError?.hint).toContain('psql')
})

test('data copied from stdin is no SQL', async () => {
  const statements = await readScript(
    "create table t (a text);\r\nCOPY public.t (a) FROM stdin;\r\nit's; drop table x;\r\n\\.\r\n\r\nselect 2;\ncopy t from stdin;\n'\n\\.\n",
  )
  expect(kinds(statements)).toEqual(['create table', 'copy', 'select', 'copy'])
})

test.each([
  ['select :name, :\'text\', :"id" from t where a[1:2] = b::int[]', 'select'],
  ['alter table {{ index .Options "Namespace" }}.users add column {{ .Column }} int', 'alter table'],
  ['{{ if .Old }} drop table a {{ end }}', 'drop table'],
  ['create index on $' + '{flyway:schema}.t (#{column})', 'create index'],
  ["select * from t where a = ? and data ? 'key' and b in (?, ?)", 'select'],
  ['update t set a = %s, b = %(name)s where c % 2 = 0', 'update'],
  ['delete from $TABLE where a > 1', 'delete'],
])('%s is read with its placeholders as names', async (sql, kind) => {
  const [statement, ...more] = await readScript(`${sql};\nselect 1`)
  expect(statement).toMatchObject({ kind, text: sql.replace(/^\{\{ if .Old \}\} | \{\{ end \}\}$/g, '') })
  expect(kinds(more)).toEqual(['select'])
})

test.each([
  ['select {{ x }} from {{ y }} {{ z }} {{ w }}', 'template'],
  ["select 'abc", 'never closed'],
  ['select "abc', 'never closed'],
  ['do $$ begin end', 'never closed'],
  ['select 1 /* abc', 'never closed'],
  ['select\u00a01 from\u00a0t', 'invisible'],
  ['select a from t where b = ‘c d’', 'typographic'],
  ['select 1\0; drop table x', 'NUL'],
])('%s is refused with a hint', async (sql, hint) => {
  const statements = await readScript(`select 1;\n${sql}`)
  const broken = statements.find((one) => one.syntaxError)
  expect(statements[0]?.kind).toBe('select')
  expect(broken?.syntaxError?.hint).toContain(hint)
})

test('what follows a NUL byte is read as well', async () => {
  const statements = await readScript('select 1; select 2\0; drop table x')
  expect(kinds(statements)).toEqual(['select', 'unknown', 'drop table'])
})

test.each([
  ['', []],
  [' \n', []],
  ['-- only a comment', []],
  ['/* a */;;;', []],
  [';', []],
  ['\ufeff', []],
  ['/* open', ['unknown']],
])('%j holds %j', async (sql, expected) => {
  expect(kinds(await readScript(sql))).toEqual(expected)
})

const HOSTILE: Record<string, string> = {
  'nested parentheses': `select ${'('.repeat(10_000)}1${')'.repeat(10_000)}; select 2`,
  'a sum of 100,000': `select 1${'+1'.repeat(100_000)}; select 2`,
  'joined strings': `do $$ begin execute 'a'${" || 'b'".repeat(20_000)}; end $$; select 2`,
  'a union of 5,000': `${'select * from t union '.repeat(5_000)}select 1; select 2`,
  quotes: "'".repeat(100_001),
  'dollar quotes': '$$ $a$'.repeat(20_000),
  'open templates': '{{ '.repeat(50_000),
  'open comments': '/*'.repeat(50_000),
  'one long operator': `select 1 ${'+'.repeat(100_000)} 2; select 2`,
  'open bodies': 'create function f() begin atomic '.repeat(5_000),
  'copies without an end': 'copy a from stdin;\n'.repeat(5_000),
  'commands of psql': '\\i a\n'.repeat(5_000),
  semicolons: ';'.repeat(200_000),
  binary: Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 251)).toString('latin1'),
  'UTF-16': 'select 1;'.split('').join('\0'),
  'a long string': `select '${'x'.repeat(5_000_000)}'; select 2`,
}

test.each(Object.keys(HOSTILE))('%s neither throw nor hang', async (name) => {
  const sql = HOSTILE[name] ?? ''
  for (const one of await readScript(sql, 'file')) {
    expect(one.text).toBe(sql.slice(one.start, one.end))
    expect(one.syntaxError?.message.length ?? 0).toBeLessThan(300)
  }
})
