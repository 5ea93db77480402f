import type { Finding } from '../review/finding.ts'
import { shortNumber } from './short-number.ts'

/** What earlier reviews of a change said, as the summary remembers it. */
export interface Told {
  /** Keys of inline comments that stood, the newest first: one of them that is gone was deleted by a person. */
  keys: ReadonlySet<string>
  /** Rules of findings by their short numbers, the newest first. */
  findings: ReadonlyMap<string, string>
}

/** Both together take less than a sixth of a comment of GitHub, and never more than a third of one. */
const MOST_KEYS = 150
const MOST_FINDINGS = 100

// They count only as the first lines, where nothing of a change is ever written: what a summary quotes comes later.
const TOLD = /^\s*<!-- pgwitness:told((?: [\w:.-]+)*) -->[^\S\n]*\r?\n<!-- pgwitness:found((?: [0-9a-f]{8}:[\w-]+)*) -->/

/** Reads the hidden lines of a summary; of one without them, nothing. */
export function readTold(summary: string | undefined): Told {
  const [, keys = '', findings = ''] = TOLD.exec(summary ?? '') ?? []
  const pairs = words(findings).map((word): [string, string] => [word.slice(0, 8), word.slice(9)])
  return { keys: new Set(words(keys)), findings: new Map(pairs) }
}

/** The hidden lines of the next summary, of `maxLength` bytes: what stands now, then what stood before as far as there is room. */
export function toldLines(before: Told, placed: readonly string[], shown: readonly Finding[], maxLength: number): string {
  const share = Math.min(1, maxLength / 30_000)
  const keys = [...new Set([...placed, ...before.keys])].slice(0, MOST_KEYS * share)
  const named = shown.filter(({ rule }) => /^\w+(?:-\w+)*$/.test(rule)).map((finding) => [shortNumber(finding), finding.rule] as const)
  const findings = [...new Map([...named, ...before.findings])].slice(0, MOST_FINDINGS * share).map((pair) => pair.join(':'))
  return `${hidden('told', keys)}\n${hidden('found', findings)}`
}

function hidden(name: string, list: readonly string[]): string {
  return `<!-- ${[`pgwitness:${name}`, ...list].join(' ')} -->`
}

function words(text: string): string[] {
  return text.split(' ').filter(Boolean)
}
