import { beforeAll, describe, expect, test } from 'vitest'
import { loadParser } from '../src/sql/reader/parser.ts'
import { readConditions, readSortKeys } from '../src/sql/reader/plan-conditions.ts'

beforeAll(async () => await loadParser())

/** `key comparison operator → other | predicate`. */
function read(text: string): string[] {
  return readConditions(text).map(({ keys, comparison, operator, other, predicate, isArm }) =>
    [
      keys.map(({ sql }) => sql).join(', '),
      comparison,
      operator,
      other === null ? '' : `to ${other}`,
      predicate === null ? '' : `[${predicate}]`,
      isArm ? 'arm' : '',
    ]
      .filter(Boolean)
      .join(' '),
  )
}

describe('conditions of a plan', () => {
  test.each([
    ['(o.person = 77)', ['person equal = [person = 77]']],
    ['(77 = o.person)', ['person equal = [person = 77]']],
    ['(5 < o.person)', ['person range > [person > 5]']],
    ['((o.person = 7) AND (o.at > now()))', ['person equal = [person = 7]', 'at range > [at > now()]']],
    ['((o.a = 1) OR (o.b = 2))', ['a equal = [a = 1] arm', 'b equal = [b = 2] arm']],
    ['(o.person = $1)', ['person equal =']],
    ['(o.person = (InitPlan 1).col1)', ['person equal =']],
    ['(o.person = (SubPlan 2))', ['person equal =']],
    ['(o.person = p.id)', ['person equal = to p', 'id equal = to o']],
    ['(o.person = o.other)', []],
    ['(o.person = (p.id + q.id))', []],
    [`(o.status = ANY ('{open,failed}'::text[]))`, [`status any = [status = any ('{open,failed}'::text[])]`]],
    ['(o.person = ANY ($1))', ['person any =']],
    ['(o.deleted IS NULL)', ['deleted null [deleted is null]']],
    ['(o.deleted IS NOT NULL)', ['deleted not null [deleted is not null]']],
    ['o.active', ['active true [active]']],
    ['(NOT o.active)', ['active false [not active]']],
    ['(o.active IS TRUE)', ['active true [active]']],
    ['(o.active IS NOT TRUE)', []],
    ['(o.active IS UNKNOWN)', []],
    ['(ROW(o.a, o.b) >= ROW(1, 2))', ['a, b range >=']],
    [`((o.note)::text = 'x'::text)`, [`note equal = [note = 'x'::text]`]],
    [`(lower((o.note)::text) = 'x'::text)`, [`lower((note)::text) equal = [lower((note)::text) = 'x'::text]`]],
    [`((o.payload ->> 'kind'::text) = 'k7'::text)`, [`(payload ->> 'kind'::text) equal = [(payload ->> 'kind'::text) = 'k7'::text]`]],
    [`(o.payload @> '{"kind": "k7"}'::jsonb)`, [`payload operator @> [payload @> '{"kind": "k7"}'::jsonb]`]],
    [`('{"a"}'::text[] <@ o.tags)`, [`tags operator @> [tags @> '{"a"}'::text[]]`]],
    [`(o.name ~~ 'ab%'::text)`, [`name prefix ~~ [name ~~ 'ab%'::text]`]],
    [`(o.name ~~ '%ab'::text)`, [`name pattern ~~ [name ~~ '%ab'::text]`]],
    [`(o.name ~~* 'ab%'::text)`, [`name pattern ~~* [name ~~* 'ab%'::text]`]],
    [`(o.name ~ '^ab'::text)`, [`name prefix ~ [name ~ '^ab'::text]`]],
    [`(o.name !~~ 'ab%'::text)`, []],
    ['(o.a <> 5)', []],
    [`((o.home).city = 'c'::text)`, [`((home).city) equal = [((home).city) = 'c'::text]`]],
    ['(o.parts[1] = 5)', []],
    ['(sum(o.a) OVER (?) > 5)', []],
    ['(NOT (hashed SubPlan 1))', []],
    ['(alternatives: SubPlan 1 or hashed SubPlan 2)', []],
    ['(COALESCE(o.a, 0) = 5)', ['coalesce(a, 0) equal = [coalesce(a, 0) = 5]']],
    ['(((o.a + 1)) = 5)', ['(a + 1) equal = [(a + 1) = 5]']],
    ['(ctid = 5)', []],
    ['', []],
    ['this is (no SQL', []],
    ['true; drop table people', []],
  ])('%s', (text, expected) => expect(read(text)).toEqual(expected))

  test('what is quoted stays as it is', () => {
    expect(read(`(o."order" = 1)`)).toEqual(['"order" equal = ["order" = 1]'])
    expect(read(`(o."it's ""it""" = 1)`)).toEqual([`"it's ""it""" equal = ["it's ""it""" = 1]`])
    expect(read(`("O O"."a(b)" = 1)`)).toEqual([`"a(b)" equal = ["a(b)" = 1]`])
    expect(read(`(o.price$2 = 1)`)).toEqual(['price$2 equal = [price$2 = 1]'])
    expect(read(`(o."a $2" = $3)`)).toEqual(['"a $2" equal ='])
    for (const value of [`'$5'`, `'(SubPlan 3)'`, `'it''s; drop table x; --'`, `'“ünï”'`, `''''`])
      expect(read(`(o.note = ${value}::text)`)).toEqual([`note equal = [note = ${value}::text]`])
    expect(read(String.raw`(o.note = 'back\slash'::text)`)).toEqual([String.raw`note equal = [note = E'back\\slash'::text]`])
  })

  test('literals are named without quotes', () => {
    const [one] = readConditions(`(lower(o.a, 'x''y'::text) = '7'::text)`)
    expect(one).toMatchObject({ literals: ["x'y", '7'], keys: [{ alias: 'o', columns: ['a'], isExpression: true, literals: ["x'y"] }] })
    expect(readConditions('(o.a = -5)')[0]?.literals).toEqual(['5'])
    expect(readConditions('(o.a = 1.5)')[0]?.literals).toEqual(['1.5'])
  })

  test('what is nested without end is left out', () => {
    expect(read(`(${'('.repeat(50)}o.a${' + 1)'.repeat(50)} = 5)`)).toEqual([])
  })
})

describe('keys of a sort', () => {
  const keys = (text: string): string[] =>
    readSortKeys(text).map(
      ({ key, isDescending, nullsFirst }) => `${key.alias}.${key.sql}${isDescending ? ' desc' : ''}${nullsFirst ? ' nulls first' : ''}`,
    )
  test.each([
    ['o.at', ['o.at']],
    ['o.at DESC', ['o.at desc nulls first']],
    ['o.at DESC NULLS LAST', ['o.at desc']],
    ['o.at NULLS FIRST', ['o.at nulls first']],
    ['o.at, p.id, o."x, y"', ['o.at', 'p.id', 'o."x, y"']],
    ['o.at, (sum(o.a)), o.b', ['o.at', 'o.sum(a)', 'o.b']],
    ['o.at, (count(*)), o.b', ['o.at']],
    ['(lower((o.name)::text)) DESC', ['o.lower((name)::text) desc nulls first']],
    ['o.name COLLATE "C"', []],
    ['(o.a + p.b)', []],
    ['$1', []],
    ['', []],
  ])('%s', (text, expected) => expect(keys(text)).toEqual(expected))
})
