import type { Clone, Step } from '../clones/clone.ts'
import { ServiceError, UserError } from '../errors.ts'
import type { Evidence } from '../experiments/evidence.ts'
import { EXPERIMENTS } from '../experiments/experiments.ts'
import { type Rule, SEVERITIES } from '../rules/rule.ts'
import { standingAt } from './base.ts'
import type { Finding } from './finding.ts'
import { count } from './lists.ts'
import { REJECTED_ROWS } from './rejected-rows.ts'
import type { ReviewedStatement, ReviewParts } from './review.ts'
import { nameOf, type ScriptReview } from './review-script.ts'

/** A reviewed script, and what had run on the clone before it. */
export interface Placement {
  review: ScriptReview
  /** How many of the groups of steps that ran stood before it. */
  ranBefore: number
  /** Paths of the scripts that ran before it since the base. */
  before: readonly string[]
}

/** A further question about a finding. */
interface Question {
  experiment: string
  placement: Placement
  /** Its place in the script's findings. */
  index: number
  finding: Finding
  input: Record<string, unknown>
}

/**
 * Puts further questions about what was found, the most severe first, until the budget is spent: what the fix would do, and on a clone with rows how
 * long locks are held, who waits, and how many rows are rejected. Their answers are added to the findings' evidence. Gives sentences for the reader.
 */
export async function deepen(
  placements: readonly Placement[],
  clone: Clone,
  ran: ReadonlyArray<Step[]>,
  parts: ReviewParts,
  signal: AbortSignal,
): Promise<string[]> {
  if (!clone.connect) return []
  const questions = placements.flatMap((placement) => questionsOf(placement, clone, parts.rules)).sort(bySeverity)
  if (!clone.restart) {
    return questions.length === 0 ? [] : [`Not asked, because this database cannot start anew: ${namesOf(questions)}.`]
  }
  const until = Math.min(parts.deadline, performance.now() + parts.budgetMs)
  const failed = new Set<string>()
  let asked = 0
  for (const question of questions) {
    if (performance.now() > until) break
    asked += 1
    parts.progress(`${question.experiment} of ${question.placement.review.reviewed.script.path}`)
    const evidence = await ask(question, clone, ran, parts, signal)
    if (typeof evidence === 'string') failed.add(`${question.experiment} of ${question.finding.path}: ${evidence}`)
    else addEvidence(question, evidence)
  }
  const late = questions.slice(asked)
  return [
    ...failed,
    ...(late.length === 0 ? [] : [`The budget was spent before ${count(late.length, 'further experiment')}: ${namesOf(late)} (--budget).`]),
  ]
}

function namesOf(questions: readonly Question[]): string {
  return [...new Set(questions.map(({ experiment }) => experiment))].join(', ')
}

function bySeverity(a: Question, b: Question): number {
  const rank = ({ finding }: Question): number => SEVERITIES.indexOf(finding.severity)
  return rank(b) - rank(a)
}

function questionsOf(placement: Placement, clone: Clone, rules: readonly Rule[]): Question[] {
  const { placed, reviewed } = placement.review
  const { script } = reviewed
  const open = placed
    .map(({ finding, statement }, index) => ({ finding, statement, index, rule: rules.find(({ id }) => id === finding.rule) }))
    .filter(({ finding }) => finding.verdict !== 'refuted' && !finding.suppressed)
    .sort((a, b) => SEVERITIES.indexOf(b.finding.severity) - SEVERITIES.indexOf(a.finding.severity))
  const ask = (
    experiment: string,
    about: { finding: Finding; index: number } | undefined,
    more: object = { transaction: script.transaction },
  ): Question[] =>
    about ? [{ experiment, placement, index: about.index, finding: about.finding, input: { script: script.sql, ...more } }] : []
  const fixes = open.flatMap((one) => {
    const { steps = concurrentOf(one.finding.fix?.replacement) } = one.finding.fix ?? {}
    return steps?.every(canRun) && one.rule?.prove !== 'none' && one.rule?.prove !== 'rows'
      ? ask('rehearse-fix', one, { ...placeOf(one, reviewed.statements), steps })
      : []
  })
  if (clone.data !== 'rows') return fixes
  const rejected = reviewed.statements.find(({ measurement }) => REJECTED_ROWS.has(measurement?.error?.code ?? ''))
  // What comes after a statement that fails is not reached, and its locks are not seen.
  const failing = reviewed.statements.findIndex(({ measurement }) => measurement?.error)
  const locking = open.find(
    ({ rule, finding, statement = 0 }) =>
      rule?.prove === 'effects' && finding.evidence.some(({ kind }) => kind === 'effects') && (failing < 0 || statement < failing),
  )
  const concurrent = reviewed.statements.find(({ statement }) => /\bconcurrently\b/i.test(statement.text))
  const at = (statement: ReviewedStatement | undefined) => open.find(({ finding }) => finding.line === statement?.statement.line)
  return [
    ...ask('violations', rejected && at(rejected)),
    ...ask('held-locks', locking),
    ...ask('blocked-time', locking),
    ...ask('concurrent-build', concurrent && at(concurrent)),
    ...fixes,
  ]
}

/** Its line, or its number where it shares the line with another. */
function placeOf(
  { finding: { line }, statement: index }: { finding: Finding; statement: number | undefined },
  statements: readonly ReviewedStatement[],
): { line: number } | { statement: number } {
  const shared = statements.filter(({ statement }) => statement.line <= line && line <= statement.endLine).length > 1
  return shared && index !== undefined ? { statement: index + 1 } : { line }
}

/** A statement that does the same beside the application's. */
function concurrentOf(replacement: string | undefined): string[] | undefined {
  return replacement !== undefined && /\bconcurrently\b/i.test(replacement) ? [replacement] : undefined
}

/** A step with parameters, one that is to be repeated, and several in one are for a person. */
function canRun(step: string): boolean {
  return !/\$\d|^\s*--|;\s*\S/m.test(step)
}

/** The evidence, or why there is none. */
async function ask(
  question: Question,
  clone: Clone,
  ran: ReadonlyArray<Step[]>,
  parts: ReviewParts,
  signal: AbortSignal,
): Promise<Evidence | string> {
  const before = ran.slice(0, question.placement.ranBefore)
  const here = standingAt(clone, before)
  try {
    await here.restart?.(signal)
    const experiment = await EXPERIMENTS[question.experiment]?.()
    if (!experiment) throw new Error(`there is no experiment ${question.experiment}`)
    const input = experiment.input.parse(question.input)
    const result = await experiment.run(here, input, { signal, progress: parts.progress })
    return {
      id: parts.nextEvidenceId(),
      kind: 'experiment',
      experiment: question.experiment,
      clone: nameOf(clone),
      result,
      summary: `${question.experiment === 'rehearse-fix' ? 'the fix, rehearsed: ' : ''}${experiment.summarise(result)}`,
      reproduce: commandOf(question, clone, parts.postgres),
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof ServiceError || error instanceof UserError) return error.message
    throw error
  }
}

function addEvidence({ placement, index }: Question, evidence: Evidence): void {
  const { placed } = placement.review
  placement.review.placed = placed.map((one, position) =>
    position === index ? { ...one, finding: { ...one.finding, evidence: [...one.finding.evidence, evidence] } } : one,
  )
}

/** What a reader can run in the repository. */
function commandOf({ experiment, placement, input }: Question, clone: Clone, postgres: number): string {
  const { script } = placement.review.reviewed
  const steps = ((input.steps as string[] | undefined) ?? []).map((step) => `'${step.trim().replaceAll("'", "'\\''")}'`)
  // Where the base is what somebody's database holds, the rest of the change is not in it.
  const before = clone.data === 'rows' ? [...new Set(placement.before)].filter((path) => path !== script.path) : []
  const parts = [
    `pgwitness experiment ${experiment} ${pathForShell(script.path)}`,
    ...(input.transaction === undefined ? [] : [`--transaction ${script.transaction}`]),
    ...(input.line === undefined ? [] : [`--line ${String(input.line)}`]),
    ...(input.statement === undefined ? [] : [`--statement ${String(input.statement)}`]),
    ...(steps.length === 0 ? [] : [`--steps ${steps.join(' ')}`]),
    ...(before.length === 0 ? [] : [`--after ${before.map(pathForShell).join(' ')}`]),
    // A twin is asked nothing here that a local clone of its major would not answer.
    ...(clone.provider === 'twin' ? ['--clone local --postgres 18'] : [`--clone ${clone.provider}`]),
    ...(clone.provider === 'local' || clone.provider === 'dblab' ? [`--postgres ${postgres}`] : []),
  ]
  return parts.join(' ')
}

function pathForShell(path: string): string {
  return /^[\w./-]+$/.test(path) && !path.startsWith('-') ? path : `'./${path.replaceAll("'", "'\\''")}'`
}
