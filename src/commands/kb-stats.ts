import { Command } from 'commander'
import { isThere } from '../assemble-knowledge.ts'
import { openUpkeep } from '../assemble-upkeep.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import type { Cost, KnowledgeStatistics, SourceStatistics } from '../knowledge/upkeep.ts'
import { jsonText } from '../reports/json-text.ts'
import { oneLine } from '../reports/printable.ts'
import { inBytes, inNumbers } from './amounts.ts'
import { BEGINNING, dataOption, formatOption, type KbOptions } from './kb-options.ts'
import { tableText } from './table-text.ts'

/** `pgwitness kb stats`. */
export function kbStats(): Command {
  return new Command('stats')
    .description('Say how much there is of each source, how old it is, what it takes on disk and what embedding it anew would cost.')
    .addOption(dataOption())
    .addOption(formatOption())
    .action(async ({ data, format }: KbOptions) => {
      const environment = readKnowledgeEnvironment()
      await using upkeep = isThere(data, environment) ? await openUpkeep(data, environment) : undefined
      const statistics = await upkeep?.statistics()
      if (format === 'json') process.stdout.write(jsonText(statistics ?? NOTHING))
      else process.stdout.write(statistics && statistics.sources.length > 0 ? textOf(statistics) : `There is no source yet. ${BEGINNING}\n`)
    })
}

const NOTHING: KnowledgeStatistics = {
  sources: [],
  total: { documents: 0, passages: 0, tokens: 0, tableBytes: 0, indexBytes: 0, vectorBytes: 0 },
  models: [],
  costs: [],
}

function textOf({ sources, total, models, costs }: KnowledgeStatistics): string {
  const rows = sources.map((source) => rowOf(source, models.length > 0))
  const sum = ['total', '', inNumbers(total.documents), inNumbers(total.passages), inNumbers(total.tokens), '', '']
  const sizes = [inBytes(total.tableBytes), inBytes(total.indexBytes), ...(models.length > 0 ? [inNumbers(models[0]?.missing ?? 0)] : [])]
  const table = tableText(
    [
      { head: 'source' },
      { head: 'type' },
      { head: 'documents', isNumber: true },
      { head: 'passages', isNumber: true },
      { head: 'tokens', isNumber: true },
      { head: 'dated' },
      { head: 'synced' },
      { head: 'table', isNumber: true },
      { head: 'indexes', isNumber: true },
      ...(models.length > 0 ? [{ head: 'no vector', isNumber: true }] : []),
    ],
    [...rows, [...sum, ...sizes]],
  )
  const shared = sources.some(({ isSizeShared }) => isSizeShared)
  const imported = sources.flatMap(({ name, importedFrom }) => (importedFrom === null ? [] : [`${name} (${oneLine(importedFrom)})`]))
  return [
    table,
    '',
    ...(shared ? ['~ sources of one type share a table: their parts of it are estimated by their words.'] : []),
    ...models.map(
      ({ name, dimensions, isComplete, vectors, missing }, at) =>
        `${oneLine(name)} (${dimensions} dimensions): ${inNumbers(vectors)} vectors, ${inNumbers(missing)} missing${at === 0 ? '; searches use it' : isComplete ? '' : '; not complete yet'}.`,
    ),
    ...(models.length > 0 ? [`Vectors take ${inBytes(total.vectorBytes)}.`] : ['No vectors: search is by words alone.']),
    ...costs.map(costInWords),
    ...(imported.length > 0 ? [`Imported, and not pointed to a place on this machine: ${imported.join(', ')}.`] : []),
    '',
  ].join('\n')
}

function rowOf(source: SourceStatistics, hasModel: boolean): string[] {
  const { name, type, documents, passages, tokens, oldest, newest, syncedAt, tableBytes, indexBytes, isSizeShared, missingVectors } = source
  const about = isSizeShared ? '~' : ''
  const dates = [oldest, newest].map((date) => (date === null ? '' : oneLine(date).slice(0, 10)))
  return [
    name,
    type,
    inNumbers(documents),
    inNumbers(passages),
    inNumbers(tokens),
    dates[0] === dates[1] ? (dates[0] ?? '') : dates.join(' to '),
    syncedAt === null ? 'not to its end' : syncedAt.slice(0, 10),
    about + inBytes(tableBytes),
    about + inBytes(indexBytes),
    ...(hasModel ? [inNumbers(missingVectors[0] ?? 0)] : []),
  ]
}

function costInWords({ model, tokens, price, usd, source }: Cost): string {
  const what = `To embed ${inNumbers(tokens)} tokens anew with ${oneLine(model)}`
  if (price === null || usd === null) return `${what}: price unknown; PGWITNESS_EMBEDDING_PRICE tells it.`
  return `${what}: about $${usd < 0.01 && usd > 0 ? usd.toFixed(4) : usd.toFixed(2)}, at $${price} a million (${source}).`
}
