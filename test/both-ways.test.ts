import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CloneProvider } from '../src/clones/clone.ts'
import { embeddedClones } from '../src/clones/embedded.ts'
import { localClones } from '../src/clones/local.ts'
import { templateClones } from '../src/clones/template.ts'
import { EXPERIMENT } from '../src/experiments/both-ways.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const signal = new AbortController().signal
const SHOP = [
  'create table customers (id int primary key, email text unique, balance numeric default 0 not null)',
  'create table orders (id int primary key, customer int references customers, note text)',
  'create index orders_note on orders (note)',
  'create view rich as select id from customers where balance > 100',
  `comment on table orders is 'what was bought'`,
]
const base = { scripts: [{ path: '1.sql', sql: SHOP.join(';'), statements: SHOP.map((text, index) => ({ text, line: index + 1 })) }] }

async function run(clones: CloneProvider, up: string, down: string, transaction: 'file' | 'none' = 'file') {
  await using clone = await clones.create(base, signal)
  return await EXPERIMENT.run(clone, { up, down, transaction }, { signal, progress() {} })
}

test.each<[string, CloneProvider]>([
  ['embedded', embeddedClones()],
  ...[12, 15, 18].map((major) => [`local ${major}`, localClones({ postgres: major })] as [string, CloneProvider]),
])('%s: a down migration that restores is told from one that does not', async (_, clones) => {
  expect(
    await run(clones, 'alter table orders add column paid boolean not null default false', 'alter table orders drop column paid'),
  ).toMatchObject({
    changes: [{ object: 'column public.orders.paid', before: null, after: expect.stringMatching(/^boolean not null .*false$/) }],
    notRestored: [],
    reordered: [],
    secondUp: [],
    rowsLost: [],
    valuesLost: [],
    hadRows: false,
    failed: null,
  })
  const lossy = await run(
    clones,
    'alter table customers drop column balance cascade; create table audits (id int);',
    'alter table customers add column balance numeric;',
  )
  expect(lossy.failed).toMatchObject({ direction: 'second up', line: 1, code: '42P07' })
  expect(lossy.notRestored.map(({ object }) => object)).toEqual([
    'column public.audits.id',
    'column public.customers.balance',
    'table public.audits',
    'view public.rich',
  ])
  expect(await run(clones, 'create index concurrently orders_c on orders (customer)', 'drop index orders_note', 'none')).toMatchObject({
    notRestored: [{ object: 'index public.orders_c' }, { object: 'index public.orders_note' }],
    failed: { direction: 'second up', code: '42P07' },
  })
})

test('columns that come back at the end are only in another order', async () => {
  const up = 'alter table orders drop column note'
  const result = await run(
    localClones({ postgres: 18 }),
    up,
    'alter table orders add column note text; create index orders_note on orders (note); alter table orders drop column customer, add column customer int references customers',
  )
  expect(result).toMatchObject({ notRestored: [], reordered: ['public.orders'], failed: null })
  expect(EXPERIMENT.summarise(result)).toBe('Down restores the schema, and up runs again.')
})

test('a migration that fails says where', async () => {
  const clones = localClones({ postgres: 18 })
  expect(await run(clones, 'select 1;\n\nalter table nowhere add x int;', 'select 1')).toMatchObject({
    failed: { direction: 'up', line: 3, code: '42P01' },
  })
  expect(await run(clones, 'select 1', 'begin;\nselect 1;\ndrop table nowhere;\ncommit;')).toMatchObject({
    failed: { direction: 'down', line: 3 },
  })
})

let server: Server
beforeAll(async () => {
  server = await startServer(17, [`insert into customers (id, email) select n, 'canary' || n from generate_series(1, 30) n`])
})
afterAll(async () => await server[Symbol.asyncDispose]())

test('rows that are lost are counted', async () => {
  const clones = templateClones({ url: server.url('shop_template', 'shop_admin'), scriptUrl: server.url('shop_template') })
  const result = await run(clones, 'delete from customers where id > 10; drop table orders', 'create table orders (id bigint primary key)')
  expect(result.rowsLost).toEqual([{ table: 'public.customers', before: 30, after: 10 }])
  const dropped = await run(clones, 'alter table customers drop column email', 'alter table customers add column email text unique')
  expect(dropped).toMatchObject({ notRestored: [], reordered: ['public.customers'], rowsLost: [], hadRows: true })
  expect(dropped.valuesLost).toEqual([{ column: 'public.customers.email', before: 30, after: 0 }])
  expect(EXPERIMENT.summarise(dropped)).toBe('30 values of public.customers.email are lost.')
  expect(JSON.stringify([result, dropped])).not.toContain('canary')
})

test('names that a script makes up are in no schema before it, and end nothing', async () => {
  const clones = templateClones({ url: server.url('shop_template', 'shop_admin'), scriptUrl: server.url('shop_template') })
  const up = `do $$ begin execute 'alter table customers add column ' || reverse('ytrewq') || ' int'; execute 'create table ' || reverse('kcod') || ' (a int)'; end $$`
  expect(await run(clones, up, 'select 1')).toMatchObject({
    notRestored: [{ object: 'column public.customers.…1' }, { object: expect.stringMatching(/^column public\.…\d\.a$/) }, {}],
    failed: { direction: 'second up', code: '42701' },
  })
})
