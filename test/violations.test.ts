import { afterAll, beforeAll, expect, test } from 'vitest'
import { templateClones } from '../src/clones/template.ts'
import { EXPERIMENT } from '../src/experiments/violations.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const signal = new AbortController().signal
const CANARY = 'canary-7319'
const ROWS = [
  'create domain positive as int',
  'create table parents (id int primary key, code text)',
  `create table children (id int, parent int, amount numeric(12,2), name text, short varchar(40), number text, big bigint, p positive)`,
  `insert into parents select n, 'p' || n from generate_series(1, 50) n`,
  `insert into children select n, case when n % 10 = 0 then 1000 + n when n % 7 = 0 then null else n % 50 + 1 end, n - 20,
     case when n % 4 = 0 then null else 'n' || n % 80 end, repeat('x', n % 40), case when n % 5 = 0 then '${CANARY}' else n::text end,
     case when n > 90 then 3000000000 else n end, n - 5 from generate_series(1, 100) n`,
]
let server: Server

beforeAll(async () => {
  server = await startServer(16, ROWS)
})
afterAll(async () => await server[Symbol.asyncDispose]())

async function run(script: string) {
  const clones = templateClones({ url: server.url('shop_template', 'shop_admin'), scriptUrl: server.url('shop_template') })
  await using clone = await clones.create({ scripts: [] }, signal)
  const result = await EXPERIMENT.run(clone, { script }, { signal, progress() {} })
  expect(JSON.stringify(result)).not.toContain(CANARY)
  return result.requirements.map(({ what, rows, reason }) => ({ what, rows, reason }))
}

async function expected(count: string): Promise<number> {
  return Number((await server.query<{ n: number }>(count, 'shop_template'))[0]?.n)
}

test.each([
  ['alter table children alter column name set not null', 'not null (name)', 25],
  ['alter table children add column status text not null', 'not null (status)', 100],
  ['alter table children add constraint c check (amount > 0)', 'check (amount > 0)', 20],
  ['alter table children add constraint c check (amount > 0) not valid', 'check (amount > 0)', 20],
  ['alter table children add foreign key (parent) references parents', 'foreign key (parent) references public.parents', 10],
  ['alter table children alter column short type varchar(20)', 'type character varying(20) (short)', 38],
  ['alter table children alter column big type int', 'type integer (big)', 10],
  ['alter table children alter column number type int using number::int', 'type integer (number)', 20],
  ['alter table children alter column amount type numeric(3,2)', 'type numeric(3,2) (amount)', undefined],
  ['alter domain positive add constraint k check (value > 0)', 'check (value > 0) of public.positive (p)', 5],
])('%s', async (script, what, rows) => {
  const [found] = await run(script)
  const counted = rows === undefined ? await expected('select count(*) as n from children where abs(amount) >= 10') : rows
  expect(found).toEqual({ what, rows: counted, reason: null })
})

test('unique keys count the rows over the first of each, on columns and expressions, with a predicate', async () => {
  const over = 'select coalesce(sum(n - 1), 0) as n from (select count(*) as n from children where'
  expect(await run('alter table children add constraint u unique (name)')).toMatchObject([
    { rows: await expected(`${over} name is not null group by name) g`) },
  ])
  expect(await run('create unique index concurrently on children (lower(name), parent) where amount > 0')).toMatchObject([
    { rows: await expected(`${over} amount > 0 and name is not null and parent is not null group by lower(name), parent) g`) },
  ])
  expect(await run('create unique index on children (name) nulls not distinct')).toMatchObject([
    { rows: await expected(`${over} true group by name) g`) },
  ])
  expect(await run('alter table children add primary key (parent)')).toMatchObject([
    { what: 'not null (parent)', rows: await expected('select count(*) as n from children where parent is null') },
    { rows: await expected(`${over} parent is not null group by parent) g`) },
  ])
})

test('what runs before in the script has run, and what is validated later is held against the rows', async () => {
  const fixed = `update children set name = '' where name is null; alter table children alter column name set not null;`
  expect(await run(fixed)).toEqual([{ what: 'not null (name)', rows: 0, reason: null }])
  const later = `alter table children add constraint c check (amount > 0) not valid; alter table children validate constraint c;`
  expect(await run(later)).toMatchObject([{ rows: 20 }, { what: expect.stringMatching(/^check .*amount/), rows: 20 }])
  expect(await run('create table fresh (a int not null, unique (a))')).toEqual([])
})

test('a hostile expression counts nothing and changes nothing', async () => {
  const before = await server.inventory()
  const [found] = await run('alter table children add constraint c check ((select count(*) from (delete from parents returning 1) x) > 0)')
  expect(found ?? { rows: null }).toMatchObject({ rows: null })
  const [other] = await run(`alter table children add constraint c check (number::int > 0)`)
  expect(other).toMatchObject({ rows: null, reason: '22P02 the count failed' })
  expect(await server.inventory()).toEqual(before)
})
