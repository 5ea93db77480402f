/** How many claims are cited, and how many of the citations are right: a wrong one is worse than none. */
import { existsSync } from 'node:fs'
import { openPostgres } from '../../../src/database/postgres.ts'
import { cite, LEAST, type Supported } from '../../../src/knowledge/citing/cite.ts'
import { postgresKnowledgeBase } from '../../../src/knowledge/postgres.ts'
import { newSpelling } from '../../../src/knowledge/search/spelling.ts'
import { type Claim, isRight, readClaims } from './claims.ts'
import { startBenchServer } from './server.ts'
import { FOLDER, storeManual } from './stored-manual.ts'

const SHARES = [0.6, 0.7, 0.75, 0.8]
const SCORES = [0.4, 0.5, 0.6]

interface Cited {
  claim: Claim
  found: Supported | undefined
}

/** Precision and recall by threshold, for the claims it was tuned on and those held out; then each citation that is wrong. */
export async function benchCite(): Promise<void> {
  if (!existsSync(FOLDER)) return console.log('knowledge cite: needs the manual: apt-get install postgresql-doc-15')
  await using server = await startBenchServer()
  const database = await openPostgres(server.url)
  try {
    await storeManual(await postgresKnowledgeBase(database))
    const searcher = { reader: database, spelling: newSpelling(database), vectors: undefined, embedder: undefined }
    const cited: Cited[] = []
    const started = performance.now()
    for (const claim of readClaims()) {
      const found = await cite(searcher, claim.claim, 15, new AbortController().signal, { share: 0, score: 0 })
      cited.push({ claim, found })
    }
    console.log(`cite: ${cited.length} claims, ${((performance.now() - started) / cited.length).toFixed(0)} ms each`)
    for (const isHeldOut of [false, true])
      print(
        isHeldOut ? 'held out' : 'tuned on',
        cited.filter(({ claim }) => claim.heldOut === isHeldOut),
      )
    for (const { claim, found } of taken(cited, LEAST.share, LEAST.score)) {
      if (found && !isRight(claim, found.quote))
        console.log(`  ${claim.says ? 'other words' : 'wrong'}: ${claim.claim}\n    ${found.title}: ${found.quote}`)
    }
  } finally {
    await database.close()
  }
}

function print(name: string, cited: readonly Cited[]): void {
  const supported = cited.filter(({ claim }) => claim.says).length
  console.log(`${name}: ${supported} that the manual says, ${cited.length - supported} that it does not`)
  console.log('   share  score   cited   right  precision  recall')
  for (const share of SHARES) {
    for (const score of SCORES) {
      const these = taken(cited, share, score)
      const right = these.filter(({ claim, found }) => found && isRight(claim, found.quote)).length
      const cells = [
        share.toFixed(2),
        score.toFixed(2),
        these.length,
        right,
        (right / Math.max(1, these.length)).toFixed(2),
        (right / supported).toFixed(2),
      ]
      console.log(`${cells.map((cell) => `${cell}`.padStart(8)).join('')}${share === LEAST.share && score === LEAST.score ? '  used' : ''}`)
    }
  }
}

function taken(cited: readonly Cited[], share: number, score: number): Cited[] {
  return cited.filter(({ found }) => found && found.share >= share && found.score >= score)
}
