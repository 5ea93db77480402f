import { describe, expect, test } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import { ServiceError } from '../src/errors.ts'
import type { Measurement } from '../src/experiments/measurement.ts'
import { findHistories } from '../src/extractors/detect.ts'
import type { Script } from '../src/extractors/script.ts'
import type { Change, ChangedFile, Tree } from '../src/forges/change.ts'
import { applyBaseline, baselineOf } from '../src/review/baseline.ts'
import { parseBaseline } from '../src/review/baseline-file.ts'
import type { Finding } from '../src/review/finding.ts'
import { fingerprintOf } from '../src/review/fingerprint.ts'
import { judge, type Witness } from '../src/review/judge.ts'
import { withMeasuredWords } from '../src/review/measured-words.ts'
import { type Plan, planAudit, planChange, startFromSchema } from '../src/review/plan.ts'
import { claimsOfRows, runQueryRules } from '../src/review/query-rules.ts'
import { suppress } from '../src/review/suppress.ts'
import { worthTelling } from '../src/review/worth-telling.ts'
import type { Claim } from '../src/rules/claim.ts'
import type { Rule } from '../src/rules/rule.ts'
import { noEffects } from '../src/sql/effects.ts'
import { readScript } from '../src/sql/reader/read-script.ts'
import type { Statement } from '../src/sql/statement.ts'

const signal = new AbortController().signal

function ruleOf(known: Partial<Rule> = {}): Rule {
  const texts = { title: 'T', message: 'm', why: 'w', setup: '', area: 'locks' }
  const lists = { aliases: [], unless: [], cite: [{ title: 'c', url: 'https://example.com', versions: 'all' }], bad: ['x'], good: ['x'] }
  return {
    id: 'avoid-it',
    severity: 'high',
    optIn: false,
    versions: 'all',
    once: 'operation',
    prove: 'effects',
    ...texts,
    ...lists,
    ...known,
  }
}

async function claimsAt(sql: string, ...rules: Rule[]): Promise<{ statements: Statement[]; claims: Claim[] }> {
  const statements = await readScript(sql)
  const claims = statements.flatMap((statement) =>
    rules.flatMap((rule) => statement.operations.slice(0, 1).map((operation) => ({ rule, statement, operation, message: 'm', why: 'w' }))),
  )
  return { statements, claims }
}

function measurementOf(known: Partial<Measurement> = {}): Measurement {
  return { effects: noEffects(), notices: [], differences: [], ...known }
}

function findingOf(known: Partial<Finding> = {}): Finding {
  const place = { path: 'm/1.sql', line: 1, endLine: 1, startByte: 0, endByte: 1 }
  const words = { title: 'T', message: 'm', explanation: 'w', evidence: [], citations: [] }
  return { fingerprint: 'f', rule: 'avoid-it', severity: 'high', verdict: 'confirmed', ...place, ...words, ...known }
}

describe('the plan of a change', () => {
  const BASE = { 'db/migrations/1.sql': 'one', 'db/migrations/3.sql': 'three', 'db/migrations/5.sql': 'five' }
  const treeOf = (files: Record<string, string>): Tree => ({ list: async () => Object.keys(files), read: async (path) => files[path] })
  async function plan(after: Record<string, string>, files: Array<Partial<ChangedFile> & { path: string }>, named = false): Promise<Plan> {
    const change: Change = { root: '/', title: '', base: 'b', head: undefined, notes: [], files: files.map(changed) }
    const [base, head] = await Promise.all([BASE, after].map((all) => findHistories(Object.keys(all), treeOf(all).read)))
    return await planChange(change, { base: base ?? [], head: head ?? [], baseTree: treeOf(BASE) }, named)
  }
  const changed = (file: Partial<ChangedFile> & { path: string }): ChangedFile => ({
    status: 'modified',
    text: 'new',
    before: (BASE as Record<string, string>)[file.path],
    ...file,
  })
  const told = ({ stacks }: Plan) =>
    stacks.map(({ base, steps }) => [
      base.map(({ sql }) => sql).join(),
      steps.map(({ script, reviewed, known }) => `${script.path.slice(14)}=${script.sql}${reviewed ? (known ? '?' : '!') : ''}`).join(),
    ])

  test('a new file runs after the whole base, whatever its name', async () => {
    const added = { 'db/migrations/2.sql': 'new', 'db/migrations/6.sql': 'new' }
    const files = Object.keys(added).map((path) => ({ path, status: 'added' as const }))
    expect(told(await plan({ ...BASE, ...added }, files))).toEqual([['one,three,five', '2.sql=new!,6.sql=new!']])
  })
  test('a changed one stands in for its old self, with those after it applied as they were', async () => {
    expect(told(await plan(BASE, [{ path: 'db/migrations/3.sql' }]))).toEqual([['one', '3.sql=new!,5.sql=five']])
  })
  test('one that is named and did not change is known to the base', async () => {
    const files = [{ path: 'db/migrations/3.sql', text: 'three' }, { path: 'db/migrations/6.sql' }]
    expect(told(await plan({ ...BASE, 'db/migrations/6.sql': 'new' }, files, true))).toEqual([
      ['one', '3.sql=three?,5.sql=five,6.sql=new!'],
    ])
  })
  test('a renamed one is not applied twice', async () => {
    const { 'db/migrations/5.sql': _, ...rest } = BASE
    const files = [{ path: 'db/migrations/7.sql', previousPath: 'db/migrations/5.sql', status: 'renamed' as const }]
    expect(told(await plan({ ...rest, 'db/migrations/7.sql': 'new' }, files))).toEqual([['one,three', '7.sql=new!']])
  })
  test('a deleted one stays applied, and is told', async () => {
    const { 'db/migrations/3.sql': _, ...rest } = BASE
    const files = [{ path: 'db/migrations/3.sql', status: 'deleted' as const, text: undefined }, { path: 'db/migrations/6.sql' }]
    const planned = await plan({ ...rest, 'db/migrations/6.sql': 'new' }, files)
    expect(told(planned)).toEqual([['one,three,five', '6.sql=new!']])
    expect(planned.notes.join()).toMatch(/3\.sql is deleted/)
  })
  test('a file of no history stands alone, a seed only when it is named', async () => {
    const loose = await plan({ ...BASE, 'x.sql': 'new' }, [{ path: 'x.sql' }])
    expect(loose.stacks).toMatchObject([{ base: [], baseIsWhole: false }])
    expect((await plan({ ...BASE, 'seeds/a.sql': 'new' }, [{ path: 'seeds/a.sql' }])).stacks).toEqual([])
    expect((await plan({ ...BASE, 'seeds/a.sql': 'new' }, [{ path: 'seeds/a.sql' }], true)).stacks).toHaveLength(1)
  })
  test('a schema dump takes the place of the base and of what is only applied', async () => {
    const [stack] = (await plan(BASE, [{ path: 'db/migrations/3.sql' }])).stacks
    if (!stack) throw new Error('no stack')
    expect(told({ stacks: [startFromSchema(stack, { path: 's.sql', text: 'dump' })], notes: [] })).toEqual([['dump', '3.sql=new!']])
  })
  test('an audit reviews every file in order', async () => {
    const [history] = await findHistories(Object.keys(BASE), treeOf(BASE).read)
    if (!history) throw new Error('no history')
    expect(told({ stacks: [await planAudit(history, treeOf(BASE))], notes: [] })).toEqual([['', '1.sql=one!,3.sql=three!,5.sql=five!']])
  })
})

describe('a verdict', () => {
  const witness = (known: Partial<Witness>): Witness => {
    return { measurement: measurementOf(), measured: undefined, seenAgain: false, clone: 'a clone', hasRows: false, postgres: 18, ...known }
  }
  async function verdict(rule: Partial<Rule>, known: Partial<Witness>): Promise<string> {
    const { claims } = await claimsAt('alter table t add a int', ruleOf(rule))
    const { verdict, reason, evidence } = judge(claims[0] as Claim, witness(known), () => 'e1')
    return `${verdict} ${reason}${rule.prove === 'change' ? evidence.map(({ summary }) => summary).join() : ''}`
  }
  const error = { code: '42P07', message: 'exists' }

  test.each<[string, Partial<Rule>, Partial<Witness>, RegExp]>([
    ['effects seen again', {}, { seenAgain: true }, /^confirmed $/],
    ['effects not seen', {}, {}, /^refuted Not so/],
    ['no clone', {}, { clone: undefined }, /^suspected .*no clone/],
    [
      'not measured',
      {},
      { measurement: { ...measurementOf({ unmeasured: 'it hung' }), effects: undefined } },
      /^suspected Not tested: it hung/,
    ],
    ['no proof', { prove: 'none', unproved: 'it is taste' }, {}, /^suspected Not tested: it is taste/],
    ['a change', { prove: 'change' }, { measurement: measurementOf({ differences: ['drops t'] }) }, /^confirmed/],
    ['no change', { prove: 'change' }, {}, /^refuted/],
    [
      'the error foretold',
      { prove: 'outcome', expect: { failed: '42P07' } },
      { measurement: measurementOf({ error }), measured: { failed: '42P07' } as never },
      /^confirmed/,
    ],
    [
      'another error',
      { prove: 'outcome', expect: { failed: '25001' } },
      { measurement: measurementOf({ error }), measured: { failed: '42P07' } as never },
      /^suspected .*another reason/,
    ],
    ['no error', { prove: 'outcome', expect: { failed: '25001' } }, { measured: {} as never }, /^refuted/],
    ['a catalog nobody has', { prove: 'catalog' }, { clone: undefined }, /^suspected/],
    ['a catalog', { prove: 'catalog' }, {}, /^confirmed/],
    ['rows that are not there', { prove: 'rows', unproved: 'it takes rows' }, {}, /^suspected Not tested: it takes rows/],
    ['rows that fit', { prove: 'rows', unproved: 'it takes rows' }, { hasRows: true }, /^refuted It ran on the rows/],
    [
      'rows that do not',
      { prove: 'rows', unproved: 'it takes rows' },
      { hasRows: true, measurement: measurementOf({ error: { code: '23505', message: 'twice' } }) },
      /^confirmed/,
    ],
    [
      'an error that is not about rows',
      { prove: 'rows', unproved: 'it takes rows' },
      { hasRows: true, measurement: measurementOf({ error }) },
      /^suspected .*another reason/,
    ],
    ['grammar, without a clone', { prove: 'grammar' }, { clone: undefined }, /^confirmed/],
  ])('by %s', async (_, rule, known, expected) => {
    expect(await verdict(rule, known)).toMatch(expected)
  })
})

describe('measured words', () => {
  const lock = { relation: 'public.t', kind: 'table' as const, mode: 'AccessExclusiveLock' as const, existed: true }
  const words = async (known: Partial<Measurement>, isNew = false) => {
    const [statement] = withMeasuredWords(await readScript('alter table t add a int'), [measurementOf(known)], () => isNew)
    const { lock, rewrites, failed, warned } = statement?.operations[0] ?? ({} as never)
    return { lock, rewrites, failed, warned }
  }
  test('take the strongest lock on a table and a rewrite nobody foresaw', async () => {
    const effects = { ...noEffects(), locks: [{ ...lock, mode: 'ShareLock' as const }, lock], rewrites: ['public.t'] }
    expect(await words({ effects })).toMatchObject({ lock: 'access exclusive', rewrites: true })
    expect(await words({ effects }, true)).toMatchObject({ lock: 'none', rewrites: false })
  })
  test('know errors and warnings', async () => {
    const notices = [{ severity: 'WARNING', code: '25001', message: '' }]
    expect(await words({ error: { code: '42P07', message: '' }, notices })).toMatchObject({ failed: '42P07', warned: '25001' })
  })
  test('leave the lock as foreseen where it could not be seen', async () => {
    expect(await words({ unmeasured: 'outside a transaction' })).toEqual(expect.not.objectContaining({ lock: 'access exclusive' }))
    expect((await words({})).lock).toBe('none')
  })
})

describe('what is worth telling', () => {
  const fails = ruleOf({ id: 'avoid-failing-statement', prove: 'outcome' })
  async function told(measurement: Partial<Measurement>, rules: Rule[], baseIsWhole = true): Promise<string[]> {
    const { claims } = await claimsAt('alter table t add a int', ...rules)
    return worthTelling(claims, [measurementOf(measurement)], baseIsWhole).map(({ rule }) => rule.id)
  }
  const missing = { error: { code: '42P01', message: 'gone' } }
  test.each<[string, Partial<Measurement>, Rule[], boolean, string[]]>([
    ['a failure', missing, [fails], true, ['avoid-failing-statement']],
    ['a missing table on half a base', missing, [fails], false, []],
    ['what only follows a failure', { ...missing, blockedBy: 0 }, [fails], true, []],
    ['a failure that another rule explains', missing, [fails, ruleOf({ prove: 'outcome' })], true, ['avoid-it']],
    ['what the clone refuses', { error: { code: '42501', message: 'COPY … PROGRAM is not run on a clone' } }, [fails], true, []],
    ['what another rule says better', {}, [ruleOf({ unless: ['avoid-that'] }), ruleOf({ id: 'avoid-that' })], true, ['avoid-that']],
  ])('%s', async (_, measurement, rules, whole, expected) => {
    expect(await told(measurement, rules, whole)).toEqual(expected)
  })
})

describe('the baseline', () => {
  test('holds what stands, in a stable order, and mutes it', () => {
    const findings = [
      findingOf({ fingerprint: 'b', line: 2 }),
      findingOf({ fingerprint: 'a' }),
      findingOf({ fingerprint: 'r', verdict: 'refuted' }),
      findingOf({ fingerprint: 's', suppressed: { by: 'comment', reason: 'x' } }),
    ]
    const baseline = baselineOf(findings)
    expect(Object.keys(baseline.findings)).toEqual(['a', 'b'])
    const again = parseBaseline(JSON.stringify(baseline), 'b.json')
    const muted = applyBaseline([...findings, findingOf({ fingerprint: 'new' })], again, 'b.json')
    expect(muted.map(({ suppressed }) => suppressed?.by)).toEqual(['b.json', 'b.json', undefined, 'comment', undefined])
    expect(applyBaseline([findingOf({ fingerprint: 'toString' })], again, 'b.json')[0]?.suppressed).toBeUndefined()
  })
  test.each(['', '[]', '{"version":2,"findings":{}}', '{"version":1,"findings":{"a":1}}'])('is refused when it is none: %s', (text) => {
    expect(() => parseBaseline(text, 'b.json')).toThrow(/b\.json is not/)
  })
})

test('a fingerprint depends on rule, path, statement and the count of equal ones', () => {
  const all: Array<[string, string, string, number]> = [
    ['r', 'p', 's', 0],
    ['q', 'p', 's', 0],
    ['r', 'q', 's', 0],
    ['r', 'p', 't', 0],
    ['r', 'p', 's', 1],
  ]
  expect(new Set(all.map(([rule, path, statement, occurrence]) => fingerprintOf(rule, path, statement, occurrence))).size).toBe(5)
  expect(fingerprintOf('r', 'p', 's', 0)).toMatch(/^[0-9a-f]{32}$/)
})

describe('ignore comments', () => {
  const rule = ruleOf()
  async function muted(text: string) {
    const { statements, claims } = await claimsAt(text, rule)
    const script: Script = { path: 'm/1.sql', tool: 'sql', direction: 'up', text, sql: text, transaction: 'none', notes: [] }
    const placed = claims.map(({ statement }) => ({ finding: findingOf({ line: statement.line }), statement: statement.index }))
    return suppress(placed, script, statements, [rule], [rule]).map(({ rule: id, suppressed }) => `${id} ${suppressed?.reason ?? '-'}`)
  }
  test('mute with a reason, and are told without one or without use', async () => {
    expect(await muted('-- pgwitness-ignore avoid-it: at night\nalter table t add a int;\nalter table t add b int;')).toEqual([
      'avoid-it at night',
      'avoid-it -',
    ])
    expect(await muted('-- pgwitness-ignore avoid-it\nalter table t add a int;')).toEqual([
      'avoid-it -',
      expect.stringMatching(/ignore-reason/),
    ])
    expect(await muted('-- pgwitness-ignore avoid-that: why not\nalter table t add a int;')).toHaveLength(2)
  })
})

describe("rules' queries", () => {
  function cloneThat(answer: (sql: string) => unknown[]): { clone: Clone; done: string[] } {
    const done: string[] = []
    const clone = {
      query: async (sql: string) => answer(sql),
      batch: async (steps: Array<{ sql: string }>) => void done.push(...steps.map(({ sql }) => sql)),
      restart: async () => void done.push('restart'),
    } as unknown as Clone
    return { clone, done }
  }
  test('run read-only, and one that kills the clone is followed by the rest on a new one', async () => {
    const { clone, done } = cloneThat((sql) => {
      if (sql === 'kill') throw new ServiceError('clone', 'gone')
      return [{ table: sql }]
    })
    const rules = [ruleOf({ id: 'a', query: 'kill' }), ruleOf({ id: 'b', query: 't' }), ruleOf({ id: 'c', query: 'x', versions: '<12' })]
    const { rows, notes } = await runQueryRules(rules, clone, 18, [[{ sql: 'again' }]], signal)
    expect([...rows]).toEqual([['b', [{ table: 't' }]]])
    expect(notes).toEqual(['the query of rule a failed: clone: gone'])
    expect(done).toEqual(['begin read only', 'rollback', 'restart', 'again', 'begin read only', 'rollback'])
  })
  test('claim what is new, where the change names it', async () => {
    const statements = await readScript('create table a (id int); create table b (id int)')
    const rules = [ruleOf({ id: 'q', query: 'x', message: '{{table}}' })]
    const rowsOf = (...tables: string[]) => ({ rows: new Map([['q', tables.map((table) => ({ table }))]]), notes: [] })
    const claims = claimsOfRows(rules, rowsOf('public.old'), rowsOf('public.old', 'public.a'), statements)
    expect(claims.map(({ statement, message }) => [statement.index, message])).toEqual([[0, 'public.a']])
    expect(claimsOfRows(rules, { rows: new Map(), notes: [] }, rowsOf('public.a'), statements)).toEqual([])
  })
})
