/** A review from start to end: scripts -> statements -> predicted and measured effects -> claims -> findings. */
import type { CloneProvider, ProviderName, SkippedBase } from '../clones/clone.ts'
import type { Measurement } from '../experiments/measurement.ts'
import type { Script } from '../extractors/script.ts'
import type { Rule } from '../rules/rule.ts'
import type { Effects } from '../sql/effects.ts'
import type { Statement } from '../sql/statement.ts'
import type { Finding } from './finding.ts'
import type { Stack } from './plan.ts'
import { type Quotes, withQuotes } from './quotes.ts'
import { reviewStack, type StackReview } from './review-stack.ts'

/** Everything a review found, and what it looked at. */
export interface Review {
  /** Major version reviewed for. */
  postgres: number
  clone: 'none' | ProviderName
  /** `18.6 (PGlite)`; null without a clone. */
  cloneVersion: string | null
  model: null
  coverage: Coverage
  scripts: ReviewedScript[]
  findings: Finding[]
  /** What could not be replayed of the base. */
  skippedBase: SkippedBase[]
  /** Sentences the reader should know: the base was not found, a file is binary, the clone died. */
  notes: string[]
  ms: number
}

/** `files` are files with SQL in them; `measured` are statements with measured effects. */
interface Coverage {
  files: number
  statements: number
  parsed: number
  measured: number
}

export interface ReviewedScript {
  script: Script
  statements: ReviewedStatement[]
}

export interface ReviewedStatement {
  statement: Statement
  predicted: Effects
  /** Undefined when there is no clone. */
  measurement: Measurement | undefined
}

/** What a review is made with. */
export interface ReviewParts {
  /** The rules that speak. */
  rules: readonly Rule[]
  /** All rules there are, so that an ignore comment naming a disabled one is not called a misspelling. */
  known: readonly Rule[]
  /** Undefined for a static review. */
  clones: CloneProvider | undefined
  /** Sentences about how it is made, for the reader. */
  notes?: readonly string[]
  /** Major version reviewed for. */
  postgres: number
  /** An audit takes each script for a change of its own; else all scripts of a stack are one change. */
  each: 'change' | 'script'
  /** When, by `performance.now()`, running stops: what is left is reviewed without a clone. */
  deadline: number
  /** Milliseconds for experiments beyond effects. */
  budgetMs: number
  progress(what: string): void
  nextEvidenceId(): string
  /** Where citations without words get theirs. */
  quotes?: Quotes | undefined
}

/** Reviews every stack, one after another, each on a clone of its own. */
export async function review(stacks: readonly Stack[], parts: ReviewParts, signal: AbortSignal): Promise<Review> {
  const started = performance.now()
  const results: StackReview[] = []
  for (const stack of stacks) results.push(await reviewStack(stack, parts, signal))
  const scripts = results.flatMap((result) => result.scripts)
  const findings = results.flatMap((result) => (parts.each === 'change' ? oncePerChange(result.findings, parts.rules) : result.findings))
  const { quotes, rules } = parts
  const quoted = quotes ? await withQuotes(findings, { quotes, rules }, signal) : { findings, notes: [] }
  return {
    postgres: parts.postgres,
    clone: results.find(({ clone }) => clone)?.clone ?? parts.clones?.name ?? 'none',
    cloneVersion: results.find(({ cloneVersion }) => cloneVersion)?.cloneVersion ?? null,
    model: null,
    coverage: coverageOf(scripts),
    scripts,
    findings: quoted.findings,
    skippedBase: results.flatMap(({ skippedBase }) => skippedBase),
    notes: [...new Set([...(parts.notes ?? []), ...results.flatMap(({ notes }) => notes), ...quoted.notes])],
    ms: performance.now() - started,
  }
}

/** Of a rule that speaks once a change, the first finding that stands. */
function oncePerChange(findings: readonly Finding[], rules: readonly Rule[]): Finding[] {
  const once = new Set(rules.filter((rule) => rule.once === 'change').map(({ id }) => id))
  const told = new Set<string>()
  return findings.filter(({ rule, verdict, suppressed }) => {
    if (!once.has(rule) || verdict === 'refuted' || suppressed) return true
    return !told.has(rule) && told.add(rule)
  })
}

function coverageOf(scripts: readonly ReviewedScript[]): Coverage {
  const statements = scripts.flatMap((script) => script.statements)
  return {
    files: new Set(scripts.map(({ script }) => script.path)).size,
    statements: statements.length,
    parsed: statements.filter(({ statement }) => !statement.syntaxError).length,
    measured: statements.filter(({ measurement }) => measurement?.effects).length,
  }
}
