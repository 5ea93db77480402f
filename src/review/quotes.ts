import type { Rule } from '../rules/rule.ts'
import type { Citation, Finding } from './finding.ts'

/** Literal words of the manual, from where its text is kept. */
export interface Quotes {
  /** Words of the page that support one of the statements, and the place there that has them; undefined when none do. */
  find(statements: readonly string[], url: string, signal: AbortSignal): Promise<Quoted | undefined>
}

interface Quoted {
  quote: string
  url: string
}

export interface QuotesWanted {
  quotes: Quotes
  rules: readonly Rule[]
  /** For all of them. */
  limitMs?: number
}

/** Nobody waits longer for words that a report can do without. */
const LIMIT_MS = 1500
const MANUAL = /^https:\/\/www\.postgresql\.org\/docs\/\d+\//

/**
 * Gives the citations that only name a page its words, one question a rule and page. What is not found in time stays as the rule has it, and one note says why. It
 * never fails.
 */
export async function withQuotes(
  findings: readonly Finding[],
  { quotes, rules, limitMs = LIMIT_MS }: QuotesWanted,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; notes: string[] }> {
  const wanted = new Map<string, { rule: Rule; url: string }>()
  for (const { rule: id, citations } of findings.filter(({ verdict, suppressed }) => verdict !== 'refuted' && !suppressed)) {
    const rule = rules.find((one) => one.id === id)
    for (const { url, quote } of citations) if (rule && quote === null && MANUAL.test(url)) wanted.set(keyOf(id, url), { rule, url })
  }
  if (wanted.size === 0) return { findings: [...findings], notes: [] }
  const found = new Map<string, Quoted>()
  const problem = await within(limitMs, signal, async (soon) => {
    for (const [key, { rule, url }] of wanted) {
      const quoted = await quotes.find(statementsOf(rule), url, soon)
      if (quoted && pageOf(quoted.url) === pageOf(url) && !soon.aborted) found.set(key, quoted)
    }
  })
  const quoted = (rule: string, citation: Citation): Citation => {
    const words = citation.quote === null ? found.get(keyOf(rule, citation.url)) : undefined
    return words ? { ...citation, ...words } : citation
  }
  return {
    findings: findings.map((finding) => ({ ...finding, citations: finding.citations.map((citation) => quoted(finding.rule, citation)) })),
    notes: problem === undefined ? [] : [problem],
  }
}

/** A sentence when it was not done: what went wrong stays out of it, as reports are public. */
async function within(limitMs: number, signal: AbortSignal, work: (soon: AbortSignal) => Promise<void>): Promise<string | undefined> {
  const stop = new AbortController()
  const late = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => late.resolve('late'), limitMs)
  const done = work(AbortSignal.any([signal, stop.signal])).then(
    () => 'done' as const,
    () => 'failed' as const,
  )
  const outcome = await Promise.race([done, late.promise])
  clearTimeout(timer)
  stop.abort()
  signal.throwIfAborted()
  if (outcome === 'done') return undefined
  return `The knowledge base ${outcome === 'late' ? 'did not answer in time' : 'could not be asked'}, so some sources have no quote.`
}

/** The sentences of why, which speak of Postgres and not of the change; without what a change fills in. */
function statementsOf({ why, message }: Rule): string[] {
  return `${why} ${message}`
    .replace(/\{\{[^}]*\}\}/g, ' ')
    .replace(/[`\s]+/g, ' ')
    .split(/(?<=[.!?:;])\s+(?=[A-Z])/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.split(' ').length > 3)
}

function keyOf(rule: string, url: string): string {
  return `${rule} ${url}`
}

function pageOf(url: string): string {
  return url.replace(/#.*$/, '')
}
