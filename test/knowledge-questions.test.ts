import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openEmbedded } from '../src/database/embedded.ts'
import { type ManualText, pagesOf, readPlainManual, sectionsOf } from './bench/knowledge/plain-manual.ts'
import { plainTsRank } from './bench/knowledge/plain-ts-rank.ts'
import { type AskedQuestion, bareWords, gradeFound, KINDS, readQuestions } from './bench/knowledge/questions.ts'

const questions = readQuestions()
const manual = readPlainManual()
if (!manual && process.env.PGWITNESS_TEST_EVERYTHING)
  throw new Error('CI holds the questions against the manual: install postgresql-doc-15')

test('there are enough of every kind, two in five held out', () => {
  expect(questions.length).toBeGreaterThanOrEqual(220)
  for (const kind of KINDS) {
    const ofKind = questions.filter((question) => question.kind === kind)
    expect(ofKind.length, kind).toBeGreaterThanOrEqual(25)
    expect(
      ofKind.filter(({ heldOut }) => heldOut),
      kind,
    ).toHaveLength(Math.round(ofKind.length * 0.4))
  }
})

test('no question is asked twice, and none names a place twice', () => {
  const asked = questions.map(({ ask }) => bareWords(ask))
  expect(asked.filter((ask, index) => asked.indexOf(ask) !== index)).toEqual([])
  for (const { ask, answers } of questions) expect(new Set(answers.map(({ at }) => at)).size, ask).toBe(answers.length)
})

test('no question is a sentence of its answer', () => {
  const copied = questions.filter(({ ask, answers }) =>
    answers.some(({ says }) => bareWords(ask).includes(bareWords(says)) || bareWords(says).includes(bareWords(ask))),
  )
  // An error message stands in the manual as it stands in the log.
  expect(copied.filter(({ kind }) => kind !== 'error-messages' && kind !== 'keywords').map(({ ask }) => ask)).toEqual([])
})

describe.skipIf(!manual)('in the manual of Postgres 15 (skipped without postgresql-doc-15)', () => {
  test('every answer is a section that is there and says so', () => {
    const wrong = questions.flatMap(({ ask, answers }) =>
      answers.flatMap(({ at, says }) => {
        const [page = '', anchor = ''] = at.split('#')
        const section = manual?.get(page)?.anchored.get(anchor)
        if (!section) return [`${ask}: there is no ${at}`]
        return bareWords(section.text).includes(bareWords(says)) ? [] : [`${ask}: ${at} does not say "${says}"`]
      }),
    )
    expect(wrong).toEqual([])
  })

  test('the plain reader loses nothing: what is in a section is in its page, what is anchored is in both', () => {
    const sections = sectionsOf(manual ?? new Map())
    const pages = new Map(pagesOf(manual ?? new Map()).map(({ url, text }) => [url, text]))
    expect(pages.size).toBeGreaterThan(1100)
    expect(sections.length).toBeGreaterThan(3500)
    const lettersOf = (texts: string[]) => texts.reduce((sum, text) => sum + bareWords(text).length, 0)
    expect(lettersOf(sections.map(({ text }) => text))).toBe(lettersOf([...pages.values()]))
  })
})

describe('what is found is graded', () => {
  const question: AskedQuestion = {
    kind: 'plain-words',
    ask: 'is the table copied?',
    heldOut: false,
    answers: [{ at: 'sql-altertable.html#NOTES', says: 'the table is not rewritten' }],
  }
  const found = (anchor: string, text: string, page = 'sql-altertable') => ({
    url: `https://www.postgresql.org/docs/15/${page}.html${anchor}`,
    text,
  })
  const page = {
    file: 'sql-altertable.html',
    text: '',
    sections: [],
    anchored: new Map([['INNER', { anchor: 'INNER', within: ['NOTES', 'ALL'], text: '' }]]),
  }

  test.each<[string, ManualText, string | null]>([
    ['its words, at any anchor of the page', found('', 'Mostly the\n table is (not) “rewritten”.'), 'words'],
    ['its words on another page', found('#NOTES', 'the table is not rewritten', 'sql-cluster'), null],
    ['its section', found('#NOTES', 'The table may be scanned.'), 'section'],
    ['a part of its section', found('#INNER', 'The table may be scanned.'), 'section'],
    ['what is around it, without the words', found('#ALL', 'The table may be scanned.'), null],
    ['the page alone', found('', 'The table may be scanned.'), null],
  ])('%s', (_name, text, grade) => {
    expect(gradeFound(question, text, new Map([[page.file, page]]))).toBe(grade)
  })
})

describe('plain ts_rank', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plain-ts-rank-'))
  let database: Database
  beforeAll(async () => {
    database = await openEmbedded(folder)
  })
  afterAll(async () => {
    await database?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('finds texts with all the words before those with some, each address once, and none with none', async () => {
    const some = { url: 'some', text: 'locks locks locks locks' }
    const all = { url: 'all', text: 'A table is locked while it is rewritten.' }
    const search = await plainTsRank(database, [some, { url: 'all', text: 'A table.' }, all, { url: 'none', text: 'Sequences have gaps.' }])
    expect(await search('does rewriting a table lock it?', 5)).toEqual([all, some])
    expect(await search('does rewriting a table lock it?', 1)).toEqual([all])
  })

  test.each(['', 'the of and', `it's a "quote`, String.raw`back\slash 'quoted' & | ! <-> :*`, '-- "-" or', 'ERROR: x\u0001y'])(
    'asked %j it answers',
    async (question) => {
      const search = await plainTsRank(database, [{ url: 'a', text: "back\\slash it's quoted" }])
      expect(await search(question, 5)).toEqual(expect.any(Array))
    },
  )
})
