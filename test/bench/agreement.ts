/** Predicted against measured effects, over the corpus of facts, on the embedded Postgres and on every native one found. */
import type { Clone } from '../../src/clones/clone.ts'
import { embeddedClones } from '../../src/clones/embedded.ts'
import { findBinaries } from '../../src/clones/native/binaries.ts'
import { agreementOf, compare, factsOf, listOf, openTally, predictWithCatalog, predictWithoutCatalog } from './compare.ts'
import { readCorpus } from './corpus.ts'
import { casesFor, type Measured, measureCorpus } from './measure-corpus.ts'
import { startServer } from './servers.ts'

/** The oldest major the corpus is written for. */
const OLDEST = 12

/** Prints a line for each server, then the disagreements with a catalog. */
export async function benchAgreement(): Promise<void> {
  console.log('predicted = measured                     with a catalog   without (tables only)')
  for (const [name, start] of servers()) {
    const runs: Measured[] = []
    await using clone = await start()
    for await (const measured of measureCorpus(clone, casesFor(readCorpus(), clone))) runs.push(measured)
    report(`${name} ${clone.version.split(' ')[0]}`, runs)
  }
}

/** The embedded Postgres, then the native ones, the newest first. */
export function servers(): Array<[name: string, start: () => Promise<Clone>]> {
  const embedded = async (): Promise<Clone> =>
    await embeddedClones({ cacheDir: undefined }).create({ scripts: [] }, new AbortController().signal)
  const native = findBinaries([], process.env.PATH ?? '').filter(({ major }) => major >= OLDEST)
  return [
    ['embedded', embedded],
    ...native.map((server): [string, () => Promise<Clone>] => ['native', async () => await startServer(server)]),
  ]
}

function report(name: string, runs: Measured[]): void {
  const [informed, bare] = [openTally(), openTally()]
  for (const measured of runs) {
    if (!measured.effects) continue
    compare(informed, measured, factsOf(predictWithCatalog(measured)), factsOf(measured.effects))
    compare(bare, measured, factsOf(predictWithoutCatalog(measured), true), factsOf(measured.effects, true), ['locks', 'rewrites', 'scans'])
  }
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
  const refused = runs.filter(({ effects }) => !effects)
  console.log(
    `${name.padEnd(16)} ${runs.length - refused.length} statements ${percent(agreementOf(informed)).padStart(20)} ${percent(agreementOf(bare)).padStart(20)}`,
  )
  if (informed.differing.length > 0) console.log(listOf(informed).replace(/^/gm, '  '))
  for (const { one, refusal } of refused) console.log(`  not run: ${one.statement}: ${refusal}`)
}
