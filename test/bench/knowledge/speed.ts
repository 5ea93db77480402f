/** How long searches take, over the manual alone and with more and more mails beside it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../../src/database/database.ts'
import { openEmbedded } from '../../../src/database/embedded.ts'
import { openPostgres } from '../../../src/database/postgres.ts'
import type { FoundPassage } from '../../../src/knowledge/knowledge-base.ts'
import { postgresKnowledgeBase } from '../../../src/knowledge/postgres.ts'
import { newMailWriter } from './mail-writer.ts'
import { multiplyMails, storeMails } from './many-mails.ts'
import { type Manual, readPlainManual } from './plain-manual.ts'
import { type AskedQuestion, gradeFound, readQuestions } from './questions.ts'
import { startBenchServer } from './server.ts'
import { describeSync, storeManual } from './stored-manual.ts'
import { counted, fixedWork, timesOf } from './timing.ts'

/** Passages in all: what the Postgres.AI bot has, and ten times that. */
const SIZES = [110_000, 1_000_000]
/** Mails that are stored one by one; all others are made of them. */
const STORED_MAILS = 20_000
const FIRST = 5
const ROUNDS = 2

const signal = new AbortController().signal

export async function benchSearchSpeed(sizes: readonly number[] = SIZES): Promise<void> {
  const manual = readPlainManual()
  if (!manual) return console.log('search: needs the manual: apt-get install postgresql-doc-15')
  await using server = await startBenchServer()
  const database = await openPostgres(server.url)
  try {
    const base = await postgresKnowledgeBase(database)
    const report = await storeManual(base)
    console.log(`search: the manual: ${describeSync(report)}`)
    await database.query('vacuum analyze pgwitness.passages_manual')
    let before = { size: report.passages, p95: await timeSearches(database, manual) }
    const texts = await database.query<{ text: string }>(`select text from pgwitness.passages where kind = 'prose'`)
    const mails = await storeMails(base, newMailWriter(texts.map(({ text }) => text)), STORED_MAILS)
    console.log(`search: mails: ${describeSync(mails)}`)
    for (const size of sizes) {
      const started = performance.now()
      await multiplyMails(server.url, size - report.passages)
      console.log(`search: ${size.toLocaleString('en')} passages are there, ${((performance.now() - started) / 1000).toFixed(0)} s later`)
      const p95 = await timeSearches(database, manual)
      console.log(`    p95 is ${(p95 / before.p95).toFixed(2)} of what it was over ${before.size.toLocaleString('en')}`)
      before = { size, p95 }
    }
    await base.close()
  } finally {
    await database.close()
  }
  await benchEmbedded(manual)
}

async function benchEmbedded(manual: Manual): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-embedded-'))
  const database = await openEmbedded(folder)
  try {
    const base = await postgresKnowledgeBase(database)
    console.log(`search, embedded: the manual: ${describeSync(await storeManual(base))}`)
    await database.query('vacuum analyze')
    await timeSearches(database, manual)
    await base.close()
  } finally {
    await database.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Of every question, asked several times one after the other. Gives the p95. */
async function timeSearches(database: Database, manual: Manual): Promise<number> {
  const count = counted(database)
  const base = await postgresKnowledgeBase(count.database)
  const questions = readQuestions()
  const ask = async ({ ask: text, postgres }: AskedQuestion): Promise<FoundPassage[]> =>
    await base.search({ text, postgres, limit: FIRST }, signal)
  let answered = 0
  for (const question of questions) if ((await ask(question)).some((found) => gradeFound(question, found, manual) !== null)) answered++
  const before = { statements: count.statements(), ms: count.ms() }
  const ms: number[] = []
  for (const question of Array.from({ length: ROUNDS }, () => questions).flat()) {
    const started = performance.now()
    await ask(question)
    ms.push(performance.now() - started)
  }
  const { median, p95, longest } = timesOf(ms)
  const each = (value: number): string => (value / ms.length).toFixed(1)
  const fixed = await fixedWork(database)
  console.log(
    `    a search: median ${median.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, longest ${longest.toFixed(0)} ms; ` +
      `${each(count.statements() - before.statements)} statements, ${each(count.ms() - before.ms)} ms in the database; ` +
      `recall@${FIRST} ${(answered / questions.length).toFixed(3)}; fixed work ${fixed.toFixed(1)} ms, p95 is ${(p95 / fixed).toFixed(1)} of it`,
  )
  await base.close()
  return p95
}
