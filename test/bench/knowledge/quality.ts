/** How often one of the first five passages answers: ours, and Postgres's own ranking over the same manual. */
import type { Session } from '../../../src/database/database.ts'
import { openPostgres } from '../../../src/database/postgres.ts'
import { postgresKnowledgeBase } from '../../../src/knowledge/postgres.ts'
import { type Manual, type ManualText, pagesOf, readPlainManual, sectionsOf } from './plain-manual.ts'
import { plainTsRank } from './plain-ts-rank.ts'
import { type AskedQuestion, gradeFound, KINDS, readQuestions } from './questions.ts'
import { startBenchServer } from './server.ts'
import { describeSync, storeManual } from './stored-manual.ts'

const FIRST = 5
const signal = new AbortController().signal

interface Contestant {
  name: string
  search(question: AskedQuestion): Promise<ManualText[]>
}

/** Prints recall@5 by kind for the questions that search was tuned on, then for those held out. */
export async function benchQuality(): Promise<void> {
  const manual = readPlainManual()
  if (!manual) return console.log('knowledge: needs the manual: apt-get install postgresql-doc-15')
  await using server = await startBenchServer()
  const database = await openPostgres(server.url)
  try {
    const base = await postgresKnowledgeBase(database)
    console.log(`answers: the manual: ${describeSync(await storeManual(base))}`)
    const ours: Contestant = {
      name: 'ours',
      search: async ({ ask, postgres }) => await base.search({ text: ask, postgres, limit: FIRST }, signal),
    }
    await compare([ours, inSql(database), ...(await plain(database, manual))], readQuestions(), manual)
    await base.close()
  } finally {
    await database.close()
  }
}

/** What PostgREST serves, judged by its quotes: it gives no more. */
function inSql(session: Session): Contestant {
  return {
    name: 'ours in SQL',
    search: async ({ ask, postgres }) =>
      await session.query<ManualText>('select url, quote as text from api.search_passages($1, $2::int, $3::int)', [
        ask,
        FIRST,
        postgres ?? null,
      ]),
  }
}

/** Over our passages, so that only ranking differs; over sections and over whole pages, as one would have them without us. */
async function plain(session: Session, manual: Manual): Promise<Contestant[]> {
  const passages = await session.query<ManualText>(
    `select d.url || coalesce('#' || p.anchor, '') as url, concat_ws(E'\\n', d.title, array_to_string(p.breadcrumb, E'\\n'), p.term, p.text) as text
     from pgwitness.passages as p join pgwitness.documents as d on d.id = p.document order by p.id`,
  )
  const over = async (name: string, texts: readonly ManualText[]): Promise<Contestant> => {
    const search = await plainTsRank(session, texts, `plain_${name}`)
    return { name: `ts_rank ${name}`, search: async ({ ask }) => await search(ask, FIRST) }
  }
  return [await over('passages', passages), await over('sections', sectionsOf(manual)), await over('pages', pagesOf(manual))]
}

async function compare(contestants: readonly Contestant[], questions: readonly AskedQuestion[], manual: Manual): Promise<void> {
  const hits = new Map<string, Set<AskedQuestion>>()
  for (const { name, search } of contestants) {
    const answered = new Set<AskedQuestion>()
    for (const question of questions) {
      const found = await search(question)
      if (found.some((one) => gradeFound(question, one, manual) !== null)) answered.add(question)
    }
    hits.set(name, answered)
  }
  const line = (name: string, some: readonly AskedQuestion[]): void => {
    const shares = contestants.map((contestant) => some.filter((question) => hits.get(contestant.name)?.has(question)).length / some.length)
    console.log(`  ${name.padEnd(22)}${String(some.length).padStart(4)}${shares.map((share) => share.toFixed(3).padStart(18)).join('')}`)
  }
  for (const isHeldOut of [false, true]) {
    const these = questions.filter(({ heldOut }) => heldOut === isHeldOut)
    console.log(
      `recall@${FIRST}, ${isHeldOut ? 'held out' : 'tuned on'}`.padEnd(28) + contestants.map(({ name }) => name.padStart(18)).join(''),
    )
    for (const kind of KINDS) {
      line(
        kind,
        these.filter((question) => question.kind === kind),
      )
    }
    line('all', these)
  }
  line('tuned on and held out', questions)
}
