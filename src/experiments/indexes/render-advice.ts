import type { AdvisedIndex, IndexAdvice } from './advice.ts'
import type { UpdateRun, WriteCost, WriteRun } from './write-cost.ts'

const SCREENING = { twin: "plans at production's size", hypopg: 'HypoPG', built: 'building them' }

/** `2 indexes of 14 MB: plan cost of 12 queries 36,278 to 8,120 (-78 %), blocks read 27,203 to 11,012; orders: inserts take 1.4 times as long`. */
export function summariseAdvice(advice: IndexAdvice): string {
  const { indexes, queries, costBefore, costAfter, considered, screening, writes } = advice
  const compared = `${number(considered)} compared by ${SCREENING[screening]}`
  if (indexes.length === 0) return `No index is worth its place for ${plural(queries.length, 'query', 'queries')} (${compared}).`
  const bytes = indexes.reduce((sum, one) => sum + one.bytes, 0)
  const ran = queries.filter(({ blocksBefore, blocksAfter }) => blocksBefore !== null && blocksAfter !== null)
  const blocks = (which: 'blocksBefore' | 'blocksAfter'): string => number(ran.reduce((sum, one) => sum + (one[which] ?? 0), 0))
  const read = ran.length === 0 ? '' : `, blocks read ${blocks('blocksBefore')} to ${blocks('blocksAfter')}`
  const factor = ({ inserts }: WriteCost): number => (inserts ? inserts.usAfter / inserts.usBefore : 0)
  const [slowest] = writes.toSorted((a, b) => factor(b) - factor(a))
  const slower = slowest?.inserts ? `; an insert into ${slowest.table} ${insertWords(slowest.inserts)}` : ''
  return (
    `${plural(indexes.length, 'index', 'indexes')} of ${size(bytes)}: plan cost of ${plural(queries.length, 'query', 'queries')} ${number(costBefore)} to ` +
    `${number(costAfter)} (${percent(costBefore, costAfter)})${read}${slower} (${compared})`
  )
}

/** The whole advice, a line each. */
export function renderAdvice(advice: IndexAdvice): string[] {
  const { indexes, refuted, queries, writes, refused, unmade, isCut } = advice
  const changed = queries.filter(({ costBefore, costAfter }) => costAfter < costBefore)
  return [
    ...indexes.flatMap(linesOf),
    ...(changed.length === 0
      ? []
      : ['', ran(queries) ? 'line          cost            with        blocks            with' : 'line          cost            with']),
    ...changed.map(({ line, costBefore, costAfter, blocksBefore, blocksAfter }) =>
      [
        String(line).padEnd(6),
        ...[costBefore, costAfter].map((one) => number(one).padStart(12)),
        ...[blocksBefore, blocksAfter].map((one) => (one === null ? '' : number(one)).padStart(12)),
      ]
        .join('  ')
        .trimEnd(),
    ),
    ...(writes.length === 0 ? [] : ['']),
    ...writes.flatMap(writeLines),
    ...refuted.map(({ statement, reason }) => `Not advised: ${statement}: ${reason}.`),
    ...refused.map(({ line, reason }) => `Line ${line} was left out: ${reason}.`),
    ...unmade.map(({ table, reason }) => `No index could be made on ${table}: ${reason}.`),
    ...(isCut ? ['The time was up before everything was tried: --budget-seconds gives it more.'] : []),
  ]
}

function ran(queries: IndexAdvice['queries']): boolean {
  return queries.some(({ blocksBefore }) => blocksBefore !== null)
}

function linesOf({ statement, requires, bytes, buildMs, reason, serves }: AdvisedIndex): string[] {
  const built = buildMs === null ? (reason === null ? ' estimated' : ` estimated, not built: ${reason}`) : `, built in ${seconds(buildMs)}`
  return [
    ...(requires === null ? [] : [`${requires};`]),
    `${statement};`,
    `  ${size(bytes)}${built}; for line${serves.length === 1 ? '' : 's'} ${serves.join(', ')}`,
  ]
}

function writeLines({ table, indexes, inserts, updates, reason }: WriteCost): string[] {
  const more = plural(indexes, 'index', 'indexes')
  if (!inserts) return [`Writing to ${table} with ${more} more was not measured: ${reason}.`]
  return [
    `With ${more} more an insert into ${table} ${insertWords(inserts)}.`,
    ...updates.map((one) => `  An update of ${one.column} ${updateWords(one)}.`),
  ]
}

function insertWords({ usBefore, usAfter, walBytesBefore, walBytesAfter }: WriteRun): string {
  const wal =
    walBytesBefore === null || walBytesAfter === null
      ? ''
      : ` and writes ${number(walBytesAfter)} bytes of WAL instead of ${number(walBytesBefore)}`
  return `takes ${(usAfter / Math.max(usBefore, 0.001)).toFixed(1)} times as long${wal}`
}

function updateWords(update: UpdateRun): string {
  const hot =
    update.hotBefore === 0
      ? 'is HOT neither without nor with'
      : `is HOT in ${share(update.hotBefore, update.rows)}, with in ${share(update.hotAfter, update.rows)}`
  return `${insertWords(update)}; where the page has room it ${hot}`
}

function share(part: number, whole: number): string {
  return `${Math.round((100 * part) / Math.max(whole, 1))} %`
}

function percent(before: number, after: number): string {
  const change = Math.round((100 * (after - before)) / Math.max(before, 1e-9))
  return `${change > 0 ? '+' : change < 0 ? '-' : ''}${Math.abs(change)} %`
}

function plural(count: number, one: string, many: string): string {
  return `${number(count)} ${count === 1 ? one : many}`
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function size(bytes: number): string {
  return bytes < 1024 ** 2
    ? `${Math.max(8, Math.round(bytes / 1024))} kB`
    : bytes < 1024 ** 3
      ? `${Math.round(bytes / 1024 ** 2)} MB`
      : `${(bytes / 1024 ** 3).toFixed(1)} GB`
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
