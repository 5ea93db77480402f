import { expect, test } from 'vitest'
import { inBatches } from '../src/rules/batches.ts'
import { readScript } from '../src/sql/reader/read-script.ts'

test.each([
  "update orders set status = 'a  b', n = n + 1 where placed_at < now() - interval '90 days'",
  'delete from orders',
  'update shop.orders o set total = 1 where o.total is null',
])('%s becomes one batch that Postgres can parse', async (statement) => {
  const batch = await inBatches(statement, 'id')
  expect(batch).toMatch(/id > \(?\$1\)?.* ORDER BY id LIMIT \(?1000\)?.*RETURNING id/)
  expect((await readScript(batch ?? '')).map(({ kind, syntaxError }) => ({ kind, syntaxError }))).toEqual([
    { kind: statement.split(' ')[0], syntaxError: undefined },
  ])
})

test('what stands in quotes stays as it was', async () => {
  expect(await inBatches("update orders set status = 'a  b'", 'id')).toContain("'a  b'")
})

test.each([
  'update orders set n = 1 from customers where customers.id = orders.customer_id',
  'delete from orders using customers where customers.id = orders.customer_id',
  'update orders set n = 1 returning id',
  'select 1',
  'not sql',
])('%s cannot be split', async (statement) => expect(await inBatches(statement, 'id')).toBeUndefined())
