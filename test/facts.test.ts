import { expect, test } from 'vitest'
import { findBinaries } from '../src/clones/native/binaries.ts'
import { readCorpus } from './bench/corpus.ts'
import { byMajor, factOf, keyOfCase, readFacts } from './bench/facts.ts'
import { casesFor, measureCorpus } from './bench/measure-corpus.ts'
import { startServer } from './bench/servers.ts'

/** The embedded Postgres answers for 18, in prediction.test.ts: minor versions differ in what planning locks. */
const servers = findBinaries([], process.env.PATH ?? '').filter(({ major }) => major >= 12 && major < 18)

test('there are servers of all majors to ask', () => {
  expect(servers.map(({ major }) => major)).toEqual([17, 16, 15, 14, 13, 12])
})

test.each(servers)('Postgres $major does what docs/facts.json says (else run test/bench/facts.ts)', async (server) => {
  const facts = new Map(readFacts().facts.map((fact) => [keyOfCase(fact), byMajor(fact)]))
  await using clone = await startServer(server)
  const stale: string[] = []
  let seen = 0
  for await (const measured of measureCorpus(clone, casesFor(readCorpus(), clone))) {
    const told = facts.get(keyOfCase(measured.one))?.get(server.major)
    if (JSON.stringify(factOf(measured)) !== JSON.stringify(told)) stale.push(measured.one.statement)
    seen += 1
  }
  expect(stale).toEqual([])
  expect(seen).toBeGreaterThan(1000)
})
