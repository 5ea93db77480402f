import { styleText } from 'node:util'
import { Command } from 'commander'
import { isThere, openKnowledge } from '../assemble-knowledge.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import type { SourceDeclaration } from '../knowledge/declaration.ts'
import type { KnowledgeBase } from '../knowledge/knowledge-base.ts'
import { jsonText } from '../reports/json-text.ts'
import { oneLine } from '../reports/printable.ts'
import { inNumbers } from './amounts.ts'
import { BEGINNING, dataOption, formatOption, type KbOptions } from './kb-options.ts'

type Listed = Awaited<ReturnType<KnowledgeBase['list']>>[number]

/** `pgwitness kb list`. */
export function kbList(): Command {
  return new Command('list')
    .description('List the sources, with what there is of each.')
    .addOption(dataOption())
    .addOption(formatOption())
    .action(async ({ data, format }: KbOptions) => {
      const environment = readKnowledgeEnvironment()
      await using knowledge = isThere(data, environment) ? await openKnowledge(data, environment) : undefined
      const sources = (await knowledge?.base.list()) ?? []
      process.stdout.write(format === 'json' ? jsonText(sources.map(dataOf)) : tableOf(sources))
    })
}

function dataOf({ declaration, documents, passages, syncedAt }: Listed): object {
  const { name, type } = declaration
  return { name, type, documents, passages, syncedAt, declaration }
}

function tableOf(sources: readonly Listed[]): string {
  if (sources.length === 0) return `There is no source yet. ${BEGINNING}\n`
  const heads = ['name', 'type', 'documents', 'passages', 'synced', 'from']
  const rows = sources.map(({ declaration, documents, passages, syncedAt }) => [
    declaration.name,
    declaration.type,
    inNumbers(documents),
    inNumbers(passages),
    syncedAt ? syncedAt.toISOString().slice(0, 16).replace('T', ' ') : 'not to its end',
    placeOf(declaration),
  ])
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (NUMBERS.has(heads[column] as string) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return `${[styleText('bold', line(heads)), ...rows.map(line)].join('\n')}\n`
}

const NUMBERS = new Set(['documents', 'passages'])

/** Where a source is read from, in a few words. */
export function placeOf(declaration: SourceDeclaration): string {
  if (declaration.imported) return oneLine(`imported from ${declaration.imported.path}`)
  if ('path' in declaration && declaration.path !== undefined) return oneLine(declaration.path)
  if (declaration.type !== 'web-page') return 'postgresql.org'
  const [first = '', ...others] = declaration.urls
  return oneLine(others.length > 0 ? `${first} and ${others.length} more` : first)
}
