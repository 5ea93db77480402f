/** How often one of the first five passages answers: ours, and Postgres's own ranking over the same manual. */
import type { Session } from '../../src/database/database.ts'
import { openPostgres } from '../../src/database/postgres.ts'
import type { SourceDeclaration } from '../../src/knowledge/declaration.ts'
import { postgresKnowledgeBase } from '../../src/knowledge/postgres.ts'
import { manualSource } from '../../src/knowledge/sources/manual.ts'
import { startServer } from '../fixtures/servers.ts'
import { type Manual, type ManualText, pagesOf, readPlainManual, sectionsOf } from './knowledge/plain-manual.ts'
import { plainTsRank } from './knowledge/plain-ts-rank.ts'
import { type AskedQuestion, gradeFound, KINDS, readQuestions } from './knowledge/questions.ts'

const MAJOR = 18
const FIRST = 5
const FOLDER = '/usr/share/doc/postgresql-doc-15/html'
const MANUAL: Extract<SourceDeclaration, { type: 'manual' }> = { name: 'manual-15', type: 'manual', postgres: 15, path: FOLDER }
const signal = new AbortController().signal

interface Contestant {
  name: string
  search(question: AskedQuestion): Promise<ManualText[]>
}

/** Prints recall@5 by kind for the questions that search was tuned on, then for those held out. */
export async function benchKnowledge(): Promise<void> {
  const manual = readPlainManual()
  if (!manual) return console.log('knowledge: needs the manual: apt-get install postgresql-doc-15')
  await using server = await startServer(MAJOR)
  await server.query('create database knowledge owner shop_script')
  const database = await openPostgres(server.url('knowledge'))
  try {
    const base = await postgresKnowledgeBase(database)
    await base.declare(MANUAL)
    const report = await base.sync(MANUAL.name, manualSource({ ...MANUAL, path: FOLDER }), { signal, progress() {} })
    console.log(`knowledge: ${report.added} pages, ${report.passages} passages in ${(report.ms / 1000).toFixed(1)} s`)
    await database.query('analyze pgwitness.passages')
    const times: number[] = []
    const ours: Contestant = {
      name: 'ours',
      async search({ ask, postgres }) {
        const started = performance.now()
        const found = await base.search({ text: ask, postgres, limit: FIRST }, signal)
        times.push(performance.now() - started)
        return found
      },
    }
    await compare([ours, ...(await plain(database, manual))], readQuestions(), manual)
    times.sort((a, b) => a - b)
    const at = (share: number): string => `${(times[Math.floor(times.length * share)] ?? 0).toFixed(0)} ms`
    console.log(`a search takes ${at(0.5)}, 95 of 100 less than ${at(0.95)}, with ${Math.round(process.memoryUsage.rss() / 1e6)} MB`)
    await base.close()
  } finally {
    await database.close()
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
