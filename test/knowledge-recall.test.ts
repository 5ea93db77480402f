import { expect, test } from 'vitest'
import { openPostgres } from '../src/database/postgres.ts'
import { postgresKnowledgeBase } from '../src/knowledge/postgres.ts'
import { readPlainManual } from './bench/knowledge/plain-manual.ts'
import { gradeFound, readQuestions } from './bench/knowledge/questions.ts'
import { storeManual } from './bench/knowledge/stored-manual.ts'
import { startServer } from './fixtures/servers.ts'

const manual = readPlainManual()
if (!manual && process.env.PGWITNESS_TEST_EVERYTHING) throw new Error('CI asks the manual: install postgresql-doc-15')

/** A little less than `npm run bench knowledge quality` prints. */
const LEAST = { tunedOn: 0.89, heldOut: 0.82 }

test.skipIf(!manual)('one of the first five passages answers (skipped without postgresql-doc-15)', { timeout: 120_000 }, async () => {
  await using server = await startServer(18)
  await server.query('create database knowledge owner shop_script')
  const database = await openPostgres(server.url('knowledge'))
  const base = await postgresKnowledgeBase(database)
  try {
    await storeManual(base)
    const share = async (isHeldOut: boolean): Promise<number> => {
      const questions = readQuestions().filter(({ heldOut }) => heldOut === isHeldOut)
      let answered = 0
      for (const question of questions) {
        const found = await base.search({ text: question.ask, postgres: question.postgres, limit: 5 }, new AbortController().signal)
        if (found.some((one) => gradeFound(question, one, manual ?? new Map()) !== null)) answered++
      }
      return answered / questions.length
    }
    expect(await share(false)).toBeGreaterThanOrEqual(LEAST.tunedOn)
    expect(await share(true)).toBeGreaterThanOrEqual(LEAST.heldOut)
  } finally {
    await base.close()
    await database.close()
  }
})
