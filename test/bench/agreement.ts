/** Predicted against measured effects, over the corpus of facts, on the embedded Postgres and on every native one found. */
import { embeddedClones } from '../../src/clones/embedded.ts'
import type { Clone } from '../../src/clones/clone.ts'
import { agreementOf, compare, factsOf, listOf, openTally, predictWithCatalog, predictWithoutCatalog } from './compare.ts'
import { readCorpus } from './corpus.ts'
import { casesFor, measureCorpus } from './measure-corpus.ts'
import { findServers, startServer } from './servers.ts'

/** Prints a line for each server, then the disagreements with a catalog. `POSTGRES_BINARIES` names further folders of npm's servers. */
export async function benchAgreement(): Promise<void> {
  console.log('predicted = measured        with a catalog    without (tables only)')
  if (!process.env.SKIP) await report('embedded', async () => await embeddedClones({ cacheDir: undefined }).create({ scripts: [] }, new AbortController().signal))
  for (const server of findServers((process.env.POSTGRES_BINARIES ?? '').split(':').filter(Boolean))) {
    if (server.major < 14) continue
    await report('native', async () => await startServer(server))
  }
}

async function report(name: string, start: () => Promise<Clone>): Promise<void> {
  await using clone = await start()
  const [informed, bare, refused] = [openTally(), openTally(), [] as string[]]
  const cases = casesFor(readCorpus(), clone).filter((one) => name !== 'embedded' || one.notEmbedded === undefined)
  for await (const measured of measureCorpus(clone, cases)) {
    if (!measured.effects) refused.push(measured.one.statement)
    else {
      compare(informed, measured, factsOf(predictWithCatalog(measured)), factsOf(measured.effects))
      compare(bare, measured, factsOf(predictWithoutCatalog(measured), true), factsOf(measured.effects, true))
    }
  }
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
  console.log(`${name} ${clone.version.padEnd(12)} ${String(cases.length - refused.length).padStart(4)} statements ${percent(agreementOf(informed)).padStart(9)} ${percent(agreementOf(bare)).padStart(20)}`)
  if (informed.differing.length > 0) console.log(listOf(informed).replace(/^/gm, '  '))
  if (refused.length > 0) console.log(`  ${refused.length} statements not in this version`)
}
