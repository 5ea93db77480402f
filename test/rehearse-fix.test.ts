import { expect, test } from 'vitest'
import { embeddedClones } from '../src/clones/embedded.ts'
import { localClones } from '../src/clones/local.ts'
import { UserError } from '../src/errors.ts'
import { EXPERIMENT } from '../src/experiments/rehearse-fix.ts'

const signal = new AbortController().signal
const SHOP = [
  'create table orders (id int primary key, email text, total numeric)',
  'insert into orders select n, n::text, n from generate_series(1, 100) n',
]
const base = { scripts: [{ path: '1.sql', sql: SHOP.join(';'), statements: SHOP.map((text, index) => ({ text, line: index + 1 })) }] }

async function run(major: number, script: string, line: number, steps: string[]) {
  await using clone = await localClones({ postgres: major }).create(base, signal)
  return await EXPERIMENT.run(clone, { script, line, steps }, { signal, progress() {} })
}

test.each([12, 16, 18])('Postgres %i: a fix that ends in the same schema without the harm', async (major) => {
  const fix = await run(major, 'select 1;\nalter table orders alter column email set not null;\nalter table orders add column x int;', 2, [
    'alter table orders add constraint email_not_null check (email is not null) not valid',
    'alter table orders validate constraint email_not_null',
    'alter table orders alter column email set not null',
    'alter table orders drop constraint email_not_null',
  ])
  expect(fix).toMatchObject({ original: { lock: 'access exclusive', works: ['public.orders'] }, differences: [], harmless: true })
  expect(fix.steps.map(({ harm }) => harm.lock)).toEqual([
    'access exclusive',
    'share update exclusive',
    'access exclusive',
    'access exclusive',
  ])
  const index = await run(major, 'create index orders_email on orders (email)', 1, [
    'create index concurrently orders_email on orders (email)',
  ])
  expect(index).toMatchObject({ differences: [], steps: [{ error: null }] })
})

test('what a script sets holds for the steps, its own transaction does not, and a statement has a number', async () => {
  const script = `begin;\ncreate schema app;\nset search_path = app;\ncreate table t (a int);\nset lock_timeout = '2s';\ncreate index t_a on t (a);\ncommit;`
  await using clone = await localClones({ postgres: 18 }).create(base, signal)
  const steps = ['create index concurrently t_a on t (a)']
  const fix = await EXPERIMENT.run(clone, { script, statement: 6, steps }, { signal, progress() {} })
  expect(fix).toMatchObject({ differences: [], harmless: true, steps: [{ error: null }] })
  const context = { signal, progress() {} }
  await expect(EXPERIMENT.run(clone, { script, statement: 6, steps: ['select 1; select 2'] }, context)).rejects.toThrow(/one statement/)
  await expect(EXPERIMENT.run(clone, { script, steps }, context)).rejects.toThrow(UserError)
})

test('the embedded clone rehearses as well', async () => {
  await using clone = await embeddedClones().create(base, signal)
  const script = 'create index orders_email on orders (email)'
  const same = await EXPERIMENT.run(clone, { script, line: 1, steps: [script] }, { signal, progress() {} })
  expect(same).toMatchObject({ harmless: false, differences: [], original: { lock: 'share', works: ['public.orders'] } })
})

test('a fix that fails, does the same harm or ends elsewhere is told', async () => {
  const script = 'alter table orders alter column id type bigint'
  expect(await run(18, script, 1, ['alter table orders alter column id type bigint'])).toMatchObject({ harmless: false, differences: [] })
  const half = await run(18, script, 1, ['alter table orders add column new_id bigint'])
  expect(half).toMatchObject({
    harmless: true,
    differences: [{ object: 'column public.orders.id' }, { object: 'column public.orders.new_id' }],
  })
  expect(await run(18, script, 1, ['alter table orders rename column nothing to id'])).toMatchObject({
    harmless: false,
    steps: [{ error: expect.stringContaining('42703') }],
  })
  await expect(run(18, script, 9, ['select 1'])).rejects.toThrow(UserError)
})
