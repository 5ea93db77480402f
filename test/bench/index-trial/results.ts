import { type Measured, RUN_MS } from './measure.ts'

/** What a contestant advised and what that came to. */
export interface Result extends Measured {
  name: string
  advice: readonly string[]
  /** Until the advice was there. */
  seconds: number
}

/** Lines of a table, a contestant each, the first being what the others are told beside; then the last beside each other. */
export function renderResults(results: readonly Result[]): string[] {
  const [none] = results
  if (!none) return []
  const ran = none.blocks.map((_, query) => results.every(({ blocks }) => blocks[query] !== undefined))
  const rows = results.map((result) => {
    const { name, costs, indexes, megabytes, seconds } = result
    return [
      name,
      Math.round(sum(costs)).toLocaleString('en'),
      percent(sum(costs) / sum(none.costs)),
      percent(typicalShare(costs, none.costs)),
      String(indexes),
      megabytes.toFixed(1),
      blocksOf(result, ran).toLocaleString('en'),
      seconds.toFixed(1),
    ]
  })
  const head = ['', 'cost left', 'of none', 'typical', 'indexes', 'MB', 'buffers', 'advice s']
  const lines = [head, ...rows].map(([name = '', ...figures]) => name.padEnd(18) + figures.map((one) => one.padStart(14)).join(''))
  return [...lines, ...ratios(results, ran), ...leftOut(results)]
}

/** What each advised, and a line for each query: what it costs with each and how it begins. */
export function renderEach(queries: readonly string[], results: readonly Result[]): string[] {
  const advised = results.flatMap(({ name, advice }) => advice.map((statement) => `${name}: ${statement}`))
  const line = (number: number | string, figures: string[], query: string): string =>
    String(number).padStart(3) + figures.map((one) => one.padStart(18)).join('') + (query === '' ? '' : `  ${query}`)
  const head = line(
    '',
    results.map(({ name }) => name),
    '',
  )
  const costs = queries.map((query, at) => {
    const begins = query.replaceAll(/\s+/g, ' ').slice(0, 100)
    return line(
      at + 1,
      results.map((result) => Math.round(result.costs[at] ?? 0).toLocaleString('en')),
      begins,
    )
  })
  return [...advised, head, ...costs]
}

/** The geometric mean over queries: a sum tells of the few that cost most. */
function typicalShare(costs: readonly number[], before: readonly number[]): number {
  return Math.exp(sum(costs.map((cost, query) => Math.log(cost / (before[query] ?? cost)))) / costs.length)
}

function ratios(results: readonly Result[], ran: readonly boolean[]): string[] {
  const [last, other] = results.toReversed()
  if (!last || !other || results.length < 3) return []
  const ratio = (one: number, two: number): string => (one / two).toFixed(2)
  return [
    `${last.name} / ${other.name}: cost ${ratio(sum(last.costs), sum(other.costs))}, typical ${typicalShare(last.costs, other.costs).toFixed(2)},` +
      ` indexes ${ratio(last.indexes, other.indexes)}, MB ${ratio(last.megabytes, other.megabytes)},` +
      ` buffers ${ratio(blocksOf(last, ran), blocksOf(other, ran))}`,
  ]
}

/** Only queries that every contestant's indexes let end are compared. */
function leftOut(results: readonly Result[]): string[] {
  return results.flatMap(({ name, blocks }) => {
    const late = blocks.flatMap((one, query) => (one === undefined ? [query + 1] : []))
    return late.length === 0 ? [] : [`left out of buffers, over ${RUN_MS / 1000} s with ${name}: query ${late.join(', ')}`]
  })
}

function blocksOf({ blocks }: Result, ran: readonly boolean[]): number {
  return sum(blocks.map((one, query) => (ran[query] ? (one ?? 0) : 0)))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}
