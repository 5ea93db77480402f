/**
 * The steps that attach a partition without reading it are made from the catalog, so they are tried on a Postgres with every kind of key they are offered for.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { loadRules } from '../src/rules/load.ts'
import type { Rule } from '../src/rules/rule.ts'
import { openWorkbench } from './fixtures/workbench.ts'

const rule = (await loadRules('rules')).find(({ id }) => id === 'require-checked-attach') as Rule
const bench = await openWorkbench()
afterAll(() => bench.close())

describe('the steps leave the same schema and read neither table', () => {
  test.each([
    [
      'a range of timestamps',
      'create table t (at timestamptz) partition by range (at); create table p (at timestamptz)',
      "for values from ('2024-01-01') to ('2025-01-01')",
    ],
    [
      'a range of dates',
      'create table t (day date) partition by range (day); create table p (day date not null)',
      "for values from ('2024-01-01') to ('2025-01-01')",
    ],
    ['an open range', 'create table t (id int) partition by range (id); create table p (id int)', 'for values from (minvalue) to (1000)'],
    [
      'a quoted column',
      'create table t ("When" int) partition by range ("When"); create table p ("When" int)',
      'for values from (1) to (1000)',
    ],
    [
      'a list of texts',
      'create table t (country text) partition by list (country); create table p (country text)',
      "for values in ('de', 'at')",
    ],
    [
      'a list of varchars',
      'create table t (country varchar(2)) partition by list (country); create table p (country varchar(2))',
      "for values in ('de', 'at')",
    ],
    ['one value', 'create table t (kind int) partition by list (kind); create table p (kind int)', 'for values in (1)'],
    [
      'a default partition',
      'create table t (kind int) partition by list (kind); create table rest partition of t default; create table p (kind int)',
      'for values in (1, 2)',
    ],
    [
      'a default partition of a range',
      'create table t (id int) partition by range (id); create table rest partition of t default; create table p (id int)',
      'for values from (1) to (9)',
    ],
  ])('%s', async (_, setup, bounds) => {
    const { complaints, schema, wanted } = await bench.runSteps({ ...rule, setup }, `alter table t attach partition p ${bounds};`)
    expect(complaints).toEqual([])
    expect(schema).not.toEqual([])
    expect(schema).toEqual(wanted)
  })
})

describe('no steps are offered where the key is not one plain column', () => {
  test.each([
    [
      'two columns',
      'create table t (a int, b int) partition by range (a, b); create table p (a int, b int)',
      'for values from (1, 1) to (9, 9)',
    ],
    ['an expression', 'create table t (a int) partition by range ((a + 1)); create table p (a int)', 'for values from (1) to (9)'],
    ['null in the list', 'create table t (a int) partition by list (a); create table p (a int)', 'for values in (1, null)'],
    ['hashing', 'create table t (a int) partition by hash (a); create table p (a int)', 'for values with (modulus 2, remainder 0)'],
  ])('%s', async (_, setup, bounds) => {
    const text = `alter table t attach partition p ${bounds};`
    expect((await bench.review({ ...rule, setup }, text)).verdicts).toEqual(['confirmed'])
    expect((await bench.runSteps({ ...rule, setup }, text)).wanted).toBeUndefined()
  })
})
