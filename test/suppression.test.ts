import { describe, expect, test } from 'vitest'
import { readComments } from '../src/rules/comments.ts'
import type { Rule } from '../src/rules/rule.ts'
import { applySuppressions, readSuppressions } from '../src/rules/suppression.ts'
import type { Statement } from '../src/sql/statement.ts'

const rules = [
  [
    'require-concurrent-index',
    'squawk/require-concurrent-index-creation',
    'eugene/E6',
    'pgfence/create-index-not-concurrent',
    'migrationpilot/MP001',
    'pgsafe/add-index-non-concurrent',
    'atlas/PG101',
    'pgls/requireConcurrentIndexCreation',
  ],
  ['avoid-drop-table', 'squawk/ban-drop-table', 'migrationpilot/MP026', 'pgsafe/drop-table', 'atlas/DS102', 'pgls/banDropTable'],
  ['avoid-drop-column', 'squawk/ban-drop-column', 'eugene/E2', 'atlas/DS103', 'pgls/banDropColumn'],
].map(([id, ...aliases]) => ({ id, aliases })) as unknown as Rule[]

/** Statements as they stand between semicolons; enough for texts without one in a string. */
function statementsOf(text: string): Statement[] {
  const blank = readComments(text).reduce((rest, { start, end }) => rest.slice(0, start) + ' '.repeat(end - start) + rest.slice(end), text)
  return [...blank.matchAll(/[^;\s][^;]*/g)].map(({ 0: words, index: start }, index) => ({
    index,
    start,
    end: start + words.trimEnd().length,
  })) as Statement[]
}

function read(text: string) {
  return readSuppressions(text, statementsOf(text), rules)
}

/** Which of the findings `[rule, statement]` the text mutes, and its problems as `rule: message`. */
function apply(text: string, findings: Array<[string, number]>, checked?: Set<string>) {
  const all = findings.map(([rule, statement]) => ({ rule, statement }))
  const { muted, problems } = applySuppressions(all, read(text), checked)
  return {
    muted: all.map((finding) => muted.get(finding)?.by ?? null),
    problems: problems.map(({ rule, message }) => `${rule}: ${message}`),
  }
}

describe('where a comment reaches', () => {
  test.each([
    ['the next statement', 'select 1;\n-- pgwitness-ignore avoid-drop-table: old\n\n-- and why\ndrop table a;\ndrop table b;', [1]],
    ['the statement whose line it ends', 'drop table a; -- pgwitness-ignore avoid-drop-table: old\ndrop table b;', [0]],
    ['the last of several on its line', 'select 1; drop table a; -- pgwitness-ignore avoid-drop-table: old\ndrop table b;', [1]],
    ['the statement it stands in', 'drop table\n  -- pgwitness-ignore avoid-drop-table: old\n  a;\ndrop table b;', [0]],
    ['a block comment before a statement on its line', 'drop table b;\n/* pgwitness-ignore avoid-drop-table: old */ drop table a;', [1]],
    ['nothing at the end', 'drop table a;\n-- pgwitness-ignore avoid-drop-table: old', []],
    ['the whole file', 'drop table a;\n-- pgwitness-ignore-file avoid-drop-table: old\ndrop table b;', 'all'],
  ])('%s', (_, text, statements) =>
    expect(read(text)).toMatchObject([{ by: 'pgwitness', rules: ['avoid-drop-table'], statements, reason: 'old' }]),
  )

  test('says its line and span', () => {
    const text = "select 'é';\r\n-- pgwitness-ignore avoid-drop-table: old\r\ndrop table a;"
    const [one] = read(text)
    expect(one).toMatchObject({ line: 2, comment: '-- pgwitness-ignore avoid-drop-table: old' })
    expect(text.slice(one?.start, one?.end).trimEnd()).toBe(one?.comment)
  })
})

describe('what is no comment', () => {
  const words = '-- pgwitness-ignore avoid-drop-table: old\n'
  test.each([
    `select '\n${words}'; drop table a;`,
    `select E'it\\'s\n${words}'; drop table a;`,
    `select "\n${words}"; drop table a;`,
    `do $$\n${words}$$; drop table a;`,
    `do $body$ $$\n${words}$$ $body$; drop table a;`,
    `/* /* */\n${words}*/ drop table a;`,
    `select 1 -- ${words} drop table a;`,
  ])('%s', (text) => expect(read(text)).toEqual([]))

  test.each([
    `select 'it''s';\n${words}drop table a;`,
    `select '\\';\n${words}drop table a;`,
    `select a$b$c from t;\n${words}drop table a;`,
    `execute p($1);\n${words}drop table a;`,
    `select "a""b";\n${words}drop table a;`,
  ])('but here it is one: %s', (text) => expect(read(text)).toHaveLength(1))

  test('an unfinished quote ends with the text', () => expect(readComments("select 'abc -- x")).toEqual([]))
  test('one megabyte of quotes is read at once', () => {
    expect(readComments(`${"'".repeat(1_000_000)}-- x`)).toMatchObject([{ words: 'x' }])
  })
})

describe('our own comments', () => {
  test('name several rules', () => {
    const text = '-- pgwitness-ignore avoid-drop-table, avoid-drop-column: agreed: twice\ndrop table a;'
    expect(read(text)).toMatchObject([{ rules: ['avoid-drop-table', 'avoid-drop-column'], reason: 'agreed: twice' }])
    expect(
      apply(text, [
        ['avoid-drop-table', 0],
        ['avoid-drop-column', 0],
        ['require-concurrent-index', 0],
      ]),
    ).toEqual({ muted: ['pgwitness', 'pgwitness', null], problems: [] })
  })

  test.each([
    '-- pgwitness-ignore avoid-drop-table',
    '-- pgwitness-ignore avoid-drop-table:',
    '-- pgwitness-ignore avoid-drop-table because it is old',
  ])('do not count without a reason: %s', (comment) => {
    const { muted, problems } = apply(`${comment}\ndrop table a;`, [['avoid-drop-table', 0]])
    expect(muted).toEqual([null])
    expect(problems).toEqual(['require-ignore-reason: This ignore gives no reason after a colon, so it does not count.'])
  })

  test('mute only their statement', () =>
    expect(
      apply('-- pgwitness-ignore avoid-drop-table: old\ndrop table a;\ndrop table b;', [
        ['avoid-drop-table', 0],
        ['avoid-drop-table', 1],
      ]).muted,
    ).toEqual(['pgwitness', null]))

  test('are reported when they mute nothing', () => {
    const text = '-- pgwitness-ignore avoid-drop-table, avoid-drop-column: old\ndrop table a;'
    const message = 'avoid-unused-ignore: `avoid-drop-column` reports nothing here, so this ignore ignores nothing.'
    expect(apply(text, [['avoid-drop-table', 0]]).problems).toEqual([message])
    expect(apply(text, [['avoid-drop-table', 0]], new Set(['avoid-drop-table'])).problems).toEqual([])
  })

  test.each([
    ['avoid-drop-tabel', '; `avoid-drop-table` is the nearest'],
    ['require-concurrent-index-creation', '; `require-concurrent-index` is the nearest'],
    ['zzz', ''],
  ])('are reported when no rule is called %s', (name, nearest) =>
    expect(apply(`-- pgwitness-ignore ${name}: old\ndrop table a;`, [['avoid-drop-table', 0]])).toEqual({
      muted: [null],
      problems: [`avoid-unused-ignore: No rule is called \`${name}\`${nearest}.`],
    }),
  )

  test('are reported when they name no rule', () =>
    expect(apply('-- pgwitness-ignore: old\ndrop table a;', [['avoid-drop-table', 0]])).toEqual({
      muted: [null],
      problems: ['avoid-unused-ignore: This ignore names no rule, so it ignores nothing.'],
    }))

  test('for the file mute findings that have no statement', () => {
    const [suppression] = read('-- pgwitness-ignore-file avoid-drop-table: old\ndrop table a;')
    const finding = { rule: 'avoid-drop-table', statement: undefined }
    expect(applySuppressions([finding], suppression ? [suppression] : []).muted.get(finding)).toBe(suppression)
  })
})

describe('a file of two parts', () => {
  const up = '-- pgwitness-ignore-file avoid-drop-column: agreed\n-- +goose Up\n-- pgwitness-ignore avoid-drop-table: old\ndrop table a;\n'
  const down = '-- +goose Down\n-- pgwitness-ignore avoid-drop-table: only a way back\ndrop table b;\n'
  const sql = `${' '.repeat(up.indexOf('-- pgwitness-ignore avoid'))}${up.slice(up.indexOf('-- pgwitness-ignore avoid'))}${' '.repeat(down.length)}`

  test('has the comments of its own part, and those about the file', () =>
    expect(readSuppressions(up + down, statementsOf(sql), rules, sql)).toMatchObject([
      { rules: ['avoid-drop-column'], statements: 'all' },
      { rules: ['avoid-drop-table'], statements: [0], reason: 'old' },
    ]))
})

describe('comments of other tools', () => {
  const index = 'require-concurrent-index'
  test.each<[string, string, string[] | 'all']>([
    ['squawk', '-- squawk-ignore require-concurrent-index-creation', [index]],
    ['squawk', '-- squawk-ignore ban-drop-column, ban-drop-table', ['avoid-drop-table', 'avoid-drop-column']],
    ['squawk', '/* squawk-ignore require-concurrent-index-creation */', [index]],
    ['squawk', '-- squawk-ignore', 'all'],
    ['squawk', '-- squawk-ignore prefer-robust-stmts', []],
    ['eugene', '-- eugene: ignore E6', [index]],
    ['eugene', '-- eugene: ignore E2, E6', [index, 'avoid-drop-column']],
    ['eugene', '-- eugene: ignore', 'all'],
    ['pgfence', '-- pgfence-ignore: create-index-not-concurrent', [index]],
    ['pgfence', '-- pgfence-ignore create-index-not-concurrent', [index]],
    ['pgfence', '-- pgfence-ignore', 'all'],
    ['migrationpilot', '-- migrationpilot-disable MP001', [index]],
    ['migrationpilot', '-- migrationpilot-disable-next-line MP001 MP026', [index, 'avoid-drop-table']],
    ['migrationpilot', '-- migrationpilot-disable', 'all'],
    ['pgsafe', '-- pgsafe:ignore drop-table  superseded by v2, table confirmed empty', ['avoid-drop-table']],
    ['pgsafe', '-- pgsafe:ignore', 'all'],
    ['atlas', '-- atlas:nolint', 'all'],
    ['atlas', '--atlas:nolint destructive', ['avoid-drop-table', 'avoid-drop-column']],
    ['atlas', '-- atlas:nolint DS103 concurrent_index', [index, 'avoid-drop-column']],
    ['pgls', '-- pgls-ignore lint/safety/banDropTable: agreed', ['avoid-drop-table']],
    ['pgls', '-- pgls-ignore banDropTable', ['avoid-drop-table']],
    ['pgls', '-- pgt-ignore lint/safety/banDropColumn: agreed', ['avoid-drop-column']],
    ['pgls', '-- pgls-ignore lint/safety', 'all'],
    ['strong_migrations', '-- safety_assured', 'all'],
  ])('%s: %s', (by, comment, named) =>
    expect(read(`select 1;\n${comment}\ncreate index on a (b);`)).toMatchObject([{ by, rules: named, statements: [1] }]),
  )

  test.each([
    ['-- squawk-ignore-file ban-drop-table', 'squawk'],
    ['-- migrationpilot-disable-file MP026', 'migrationpilot'],
    ['-- pgls-ignore-all lint/safety/banDropTable', 'pgls'],
    ['-- atlas:nolint destructive\n', 'atlas'],
  ])('for a whole file: %s', (comment, by) =>
    expect(
      apply(`${comment}\ndrop table a;\ndrop table b;`, [
        ['avoid-drop-table', 0],
        ['avoid-drop-table', 1],
      ]).muted,
    ).toEqual([by, by]),
  )

  test('from a start to its end', () =>
    expect(
      read(
        'drop table a;\n-- pgt-ignore-start lint/safety/banDropTable: reset\ndrop table b;\ndrop table c;\n' +
          '-- pgt-ignore-end lint/safety/banDropTable: reset\ndrop table d;',
      ),
    ).toMatchObject([{ by: 'pgls', statements: [1, 2] }]))

  test('are never a problem', () =>
    expect(apply('-- squawk-ignore ban-drop-table\n-- eugene: ignore E99\nselect 1;', [])).toEqual({ muted: [], problems: [] }))

  test('are not confused with words like theirs', () =>
    expect(read('-- squawk-ignored\n-- see pgfence-ignore\n-- pgls-ignore-end x\n-- safety_assured_by us\nselect 1;')).toEqual([]))
})
