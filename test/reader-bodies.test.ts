import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readScript } from '../src/sql/reader/read-script.ts'

const fixture = readFileSync(new URL('fixtures/sql/bodies.sql', import.meta.url), 'utf8')

async function held(sql: string): Promise<string[]> {
  const [{ operations } = { operations: [] }] = await readScript(sql)
  return operations
    .slice(1)
    .filter((one) => one.action !== 'compare')
    .map((one) => [one.inside, one.statement, one.action, one.table?.key].filter(Boolean).join(' | '))
}

test('the statements of a DO block are read in their order', async () => {
  expect(await held(fixture)).toEqual([
    'do | select | select | public.orders',
    'do | alter table | add column | public.orders',
    'do | create index | create index | public.orders',
    'do | select | select',
    'do | select | set',
    'do | drop table | drop table | public.lines',
    'do | drop table | drop table | public.literal',
    'do | alter table | add column | public.joined',
    'do | truncate | truncate | app.Formatted',
    'do | execute | execute',
    'do | select | select',
    'do | select | select | public.looped',
    'do | update | update | public.orders',
    'do | select | select | public.dynamic_loop',
    'do | delete | delete | public.whiled',
    'do | insert | insert | public.cased',
    'do | lock table | lock table | public.orders',
    'do | delete | delete | public.excepted',
    'do | rollback | rollback',
    'do | call | call',
  ])
})

test('the DO block itself comes first, and all of it belongs to its statement', async () => {
  const [statement] = await readScript('do $$ begin drop table a; end $$')
  expect(statement?.operations.map((one) => [one.action, one.statement, one.number])).toEqual([
    ['do', 'do', 0],
    ['drop table', 'drop table', 0],
  ])
})

test('function bodies are read but do not run', async () => {
  expect(
    await held(
      "create function f() returns setof int language plpgsql as $$ begin return query select a from t; return query execute 'select b from ' || tg_name; end $$",
    ),
  ).toEqual(['function | select | select | public.t', 'function | execute | execute'])
  expect(await held("create function f() returns void language sql as 'update a set b = 1; delete from c'")).toEqual([
    'function | update | update | public.a',
    'function | delete | delete | public.c',
  ])
  expect(await held('create procedure p() begin atomic insert into a values (1); delete from b; end')).toEqual([
    'function | insert | insert | public.a',
    'function | delete | delete | public.b',
  ])
  expect(await held('create function f(a int) returns int return (select b from c)')).toEqual([])
  expect(
    await held('create function f() returns trigger language plpgsql as $$ begin insert into log values (new.a); return new; end $$'),
  ).toEqual(['function | insert | insert | public.log'])
  expect(await held("create function f() returns int language c as 'lib', 'f'")).toEqual([])
})

test('what the PL/pgSQL parser refuses is fished for statements', async () => {
  expect(
    await held(
      "do $$ begin missing := 1; alter table a drop column b; if x then create index on a (c); end if; execute 'drop view v'; perform f(); end $$",
    ),
  ).toEqual([
    'do | alter table | drop column | public.a',
    'do | create index | create index | public.a',
    'do | drop view | drop view | public.v',
    'do | select | select',
  ])
})

test('a template in a body is read past', async () => {
  expect(await held('do $$ begin alter table {{ .Schema }}.a drop column b; end $$')).toEqual([
    'do | alter table | drop column | ____schema___.a',
  ])
})

test.each([
  ["execute 'drop table a'", 'drop table public.a'],
  ["execute 'drop ' || 'table ' || 'a'", 'drop table public.a'],
  ["execute format('drop table %I.%I', 'x y', 'A')", 'drop table x y.A'],
  ["execute format('comment on table a is %L', 'it''s')", 'comment public.a'],
  ["execute format('drop table %%')", 'other '],
  ["execute format('drop table %I', current_schema)", 'execute '],
  ["execute 'drop table ' || current_schema", 'execute '],
  ['execute current_schema', 'execute '],
])('%s', async (statement, expected) => {
  const [{ operations } = { operations: [] }] = await readScript(`do $$ begin ${statement}; end $$`)
  expect(operations.slice(1).map((one) => `${one.action} ${one.table?.key ?? ''}`)).toEqual([expected])
})
