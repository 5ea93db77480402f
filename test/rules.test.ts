/**
 * Every rule carries its own tests. This file runs them all, on a real Postgres: add a rule file and it is tested.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { loadRules } from '../src/rules/load.ts'
import type { Rule } from '../src/rules/rule.ts'
import { readScript } from '../src/sql/reader/read-script.ts'
import { openWorkbench } from './fixtures/workbench.ts'

const rules = await loadRules('rules')
const bench = await openWorkbench()
afterAll(() => bench.close())

/** Claims that only a run or a catalog can make are not asked of a static review. */
function isStatic(rule: Rule): boolean {
  return rule.when !== undefined && !('failed' in rule.when) && !('warned' in rule.when)
}

describe.each(rules)('$area/$id', (rule) => {
  test.each(rule.bad)('reports, and a run does not refute: %s', async (text) => {
    const { verdicts, said, unseenLocks } = await bench.review(rule, text)
    expect(unseenLocks, 'locks that the message names and no run showed').toEqual([])
    expect(
      verdicts.filter((verdict) => verdict !== 'refuted'),
      said,
    ).not.toEqual([])
    if (rule.prove !== 'none' && rule.prove !== 'rows') expect(verdicts, said).toContain('confirmed')
  })
  if (isStatic(rule)) {
    test.each(rule.bad)('reports without a clone: %s', async (text) => expect(await bench.reviewStatically(rule, text)).not.toEqual([]))
  }
  test.each(rule.good)('does not report: %s', async (text) => {
    const { verdicts, said } = await bench.review(rule, text)
    expect(
      verdicts.filter((verdict) => verdict !== 'refuted'),
      said,
    ).toEqual([])
  })

  if (rule.fix?.insert) {
    test.each(rule.bad)('writes a fix that Postgres can parse and that cures: %s', async (text) => {
      const cured = await bench.replaced(rule, text)
      expect((await readScript(cured)).flatMap(({ syntaxError }) => syntaxError ?? [])).toEqual([])
      const { verdicts, said } = await bench.review(rule, cured, 'none')
      expect(
        verdicts.filter((verdict) => verdict !== 'refuted'),
        said,
      ).toEqual([])
    })
  }
  if (rule.fix?.steps) {
    test.each(rule.bad)('has a fix whose steps leave the same schema, none with the effect complained of: %s', async (text) => {
      const { complaints, schema, wanted } = await bench.runSteps(rule, text)
      expect(complaints).toEqual([])
      if (wanted !== undefined) expect(schema).toEqual(wanted)
    })
  }
})
