import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localClones } from '../src/clones/local.ts'
import { templateClones } from '../src/clones/template.ts'
import { EXPERIMENT } from '../src/experiments/violations.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const signal = new AbortController().signal
const CANARY = 'canary-7319'
const ROWS = [
  'create domain positive as int',
  'create table parents (id int primary key, code text)',
  `create table children (id int, parent int, amount numeric(12,2), name text, short varchar(40), number text, big bigint, p positive)`,
  'create table bookings (id int, room int, during int4range)',
  'insert into bookings select n, n % 2, int4range(n * 2, n * 2 + case when n % 5 = 0 then 4 else 2 end) from generate_series(1, 20) n',
  `insert into parents select n, 'p' || n from generate_series(1, 50) n`,
  `insert into children select n, case when n % 10 = 0 then 1000 + n when n % 7 = 0 then null else n % 50 + 1 end, n - 20,
     case when n % 4 = 0 then null else 'n' || n % 80 end, repeat('x', n % 40), case when n % 5 = 0 then '${CANARY}' else n::text end,
     case when n > 90 then 3000000000 else n end, n - 5 from generate_series(1, 100) n`,
]
let server: Server

describe.each([12, 16, 18])('Postgres %i', (major) => {
  beforeAll(async () => {
    server = await startServer(major, ROWS)
  })
  afterAll(async () => await server[Symbol.asyncDispose]())

  async function run(script: string, transaction: 'file' | 'none' = 'file') {
    const clones = templateClones({ url: server.url('shop_template', 'shop_admin'), scriptUrl: server.url('shop_template') })
    await using clone = await clones.create({ scripts: [] }, signal)
    const result = await EXPERIMENT.run(clone, { script, transaction }, { signal, progress() {} })
    expect(JSON.stringify(result)).not.toContain(CANARY)
    return result.requirements.map(({ what, rows, reason, later }) => ({ what, rows, reason, ...(later && { later }) }))
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
    ['alter table children alter column big type int using (big * 2)::int', 'type integer (big)', 10],
    ['alter table children alter column big type int using (big / 2)::int', 'type integer (big)', 0],
    [`alter table children alter column number type date using ('2020-01-' || number)::date`, 'type date (number)', 75],
    ['alter table children alter column short type varchar(20) using short::varchar(20)', 'type character varying(20) (short)', 0],
    ['alter table bookings add exclude using gist (during with &&)', 'exclude (during with &&)', 6],
    ['alter table children alter column amount type numeric(3,2)', 'type numeric(3,2) (amount)', undefined],
    ['alter domain positive add constraint k check (value > 0)', 'check (value > 0) of public.positive (p)', 5],
  ])('%s', async (script, what, rows) => {
    const [found] = await run(script)
    const counted = rows === undefined ? await expected('select count(*) as n from children where abs(amount) >= 10') : rows
    expect(found).toEqual({ what, rows: counted, reason: null, ...(script.endsWith('not valid') && { later: true }) })
  })

  test('unique keys count the rows over the first of each, on columns and expressions, with a predicate', async () => {
    const over = 'select coalesce(sum(n - 1), 0) as n from (select count(*) as n from children where'
    expect(await run('alter table children add constraint u unique (name)')).toMatchObject([
      { rows: await expected(`${over} name is not null group by name) g`) },
    ])
    expect(await run('create unique index concurrently on children (lower(name), parent) where amount > 0')).toMatchObject([
      { rows: await expected(`${over} amount > 0 and name is not null and parent is not null group by lower(name), parent) g`) },
    ])
    if (major >= 15)
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
    expect(await run('begin; alter table children alter column name set not null; rollback; select 1', 'none')).toEqual([])
    if (major >= 18) expect(await run('alter table children add constraint c check (amount > 0) not enforced')).toEqual([])
  })

  test('a hostile expression counts nothing and changes nothing', async () => {
    const before = await server.inventory()
    const [found] = await run(
      'alter table children add constraint c check ((select count(*) from (delete from parents returning 1) x) > 0)',
    )
    expect(found ?? { rows: null }).toMatchObject({ rows: null })
    const [other] = await run(`alter table children add constraint c check (number::int > 0)`)
    expect(other).toMatchObject({ rows: null, reason: '22P02 the count failed' })
    expect(await server.inventory()).toEqual(before)
  })

  test('what is not counted says so', async () => {
    const [found] = await run('alter table bookings add exclude using gist (during with &&) where (room = 1)')
    expect(found).toMatchObject({ rows: null, reason: expect.stringContaining('condition') })
  })
})

test('without rows it asks for some', async () => {
  await using clone = await localClones({ postgres: 18 }).create({ scripts: [] }, signal)
  await expect(EXPERIMENT.run(clone, { script: 'select 1' }, { signal, progress() {} })).rejects.toThrow(/no rows to count: use --clone/)
})
