import { styleText } from 'node:util'
import type { FoundPassage } from '../knowledge/knowledge-base.ts'
import { oneLine } from '../reports/printable.ts'
import { wrap } from '../reports/wrap.ts'

const WIDTH = { usual: 100, least: 40 }

/** Passages as one reads them in a terminal: title, quote, address, and what they are. */
export function passagesText(passages: readonly FoundPassage[]): string {
  return passages.map((passage, index) => `${passageText(passage, index + 1)}\n`).join('\n')
}

function passageText(passage: FoundPassage, number: number): string {
  const width = Math.max(WIDTH.least, process.stdout.columns ?? WIDTH.usual)
  const label = `${number}. `
  const indent = ' '.repeat(label.length)
  const [title = '', ...restOfTitle] = wrap(oneLine(passage.title), width - label.length)
  return [
    `${label}${styleText('bold', title)}`,
    ...restOfTitle.map((line) => `${indent}${styleText('bold', line)}`),
    ...(passage.quote === '' ? [] : wrap(`“${oneLine(passage.quote)}”`, width - label.length).map((line) => `${indent}${line}`)),
    `${indent}${styleText('cyan', oneLine(passage.url))}`,
    `${indent}${styleText('dim', aboutText(passage))}`,
  ].join('\n')
}

const TRUST: Record<FoundPassage['trust'], string> = { highest: 'trust highest', high: 'trust high', unknown: 'trust unknown' }

function aboutText({ trust, source, type, versions, author, date, licence, score }: FoundPassage): string {
  return [
    TRUST[trust],
    source === type || source.startsWith(`${type}-`) ? source : `${source} (${type})`,
    ...(versions ? [versions.from === versions.to ? `Postgres ${versions.from}` : `Postgres ${versions.from} to ${versions.to}`] : []),
    ...(author ? [oneLine(author)] : []),
    ...(date ? [oneLine(date).slice(0, 10)] : []),
    ...(licence ? [`licence ${oneLine(licence)}`] : []),
    `score ${score.toPrecision(3)}`,
  ].join(' · ')
}
