/** `node test/bench/facts.ts`: measures the corpus on every server there is and writes docs/facts.json. Versions not found keep their facts. */
import { readFileSync, writeFileSync } from 'node:fs'
import { servers } from './agreement.ts'
import { type Facts, factsOf } from './compare.ts'
import { type Case, readCorpus } from './corpus.ts'
import { casesFor, type Measured, measureCorpus } from './measure-corpus.ts'

const FILE = new URL('../../docs/facts.json', import.meta.url)

/** What docs/facts.json holds. */
export interface FactsFile {
  /** The server measured for each major: `{ "18": "18.6" }`. */
  servers: Record<string, string>
  facts: Fact[]
}

/** Locks, rewrites, scans and builds of one statement in each major: see `src/sql/effects.ts`. Locks are unset where they could not be seen. */
export interface Fact {
  statement: string
  /** A file of test/fixtures/facts/setups. */
  setup: string
  /** Statements of the same script that ran before. */
  before?: string[]
  /** By major, or by majors that agree: `15`, `14-17`. */
  versions: Record<string, Partial<Facts>>
}

export function readFacts(): FactsFile {
  return JSON.parse(readFileSync(FILE, 'utf8')) as FactsFile
}

export function keyOfCase({ setup, before = [], statement }: Pick<Case, 'setup' | 'statement'> & { before?: string[] }): string {
  return [setup, ...before, statement].join('; ')
}

/** Facts of each major by itself. */
export function byMajor({ versions }: Pick<Fact, 'versions'>): Map<number, Partial<Facts>> {
  return new Map(
    Object.entries(versions).flatMap(([majors, facts]) => {
      const [first = 0, last = first] = majors.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, index): [number, Partial<Facts>] => [first + index, facts])
    }),
  )
}

/** Neighbours that agree under one key. */
function inRanges(facts: ReadonlyMap<number, Partial<Facts>>): Fact['versions'] {
  const ranges: Array<{ first: number; last: number; facts: Partial<Facts> }> = []
  for (const [major, one] of [...facts].sort(([a], [b]) => a - b)) {
    const range = ranges.at(-1)
    if (range?.last === major - 1 && JSON.stringify(range.facts) === JSON.stringify(one)) range.last = major
    else ranges.push({ first: major, last: major, facts: one })
  }
  return Object.fromEntries(ranges.map(({ first, last, facts: one }) => [first === last ? String(first) : `${first}-${last}`, one]))
}

/** What the file says of a statement that ran. */
export function factOf({ one, effects }: Measured): Partial<Facts> | undefined {
  if (!effects) return undefined
  const { locks, ...others } = factsOf(effects)
  return one.alone ? others : { locks, ...others }
}

async function generate(): Promise<void> {
  const old = readFacts()
  const known = new Map(old.facts.map((fact) => [keyOfCase(fact), byMajor(fact)]))
  const corpus = readCorpus()
  const facts = new Map(corpus.map((one) => [keyOfCase(one), new Map(known.get(keyOfCase(one)))]))
  const seen = new Set<number>()
  for (const [name, start] of servers()) {
    await using clone = await start()
    const major = clone.postgres
    if (seen.has(major)) continue
    seen.add(major)
    old.servers[major] = clone.version.split(' ')[0] ?? ''
    for await (const measured of measureCorpus(clone, casesFor(corpus, clone))) {
      const fact = factOf(measured)
      const versions = facts.get(keyOfCase(measured.one))
      if (fact) versions?.set(major, fact)
      else versions?.delete(major)
    }
    console.log(`${name} ${clone.version}`)
  }
  const lines = corpus.map((one): string => {
    const { statement, setup, before } = one
    return JSON.stringify({
      statement,
      setup,
      ...(before.length > 0 && { before }),
      versions: inRanges(facts.get(keyOfCase(one)) ?? new Map()),
    })
  })
  writeFileSync(FILE, `{"servers":${JSON.stringify(old.servers)},"facts":[\n${lines.join(',\n')}\n]}\n`)
}

if (import.meta.main) await generate()
