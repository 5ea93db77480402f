import type { Statement } from '../sql/statement.ts'
import { type Comment, readComments } from './comments.ts'
import { foreignDirective } from './foreign-ignores.ts'
import { nearestRule } from './nearest.ts'
import type { Rule, Severity } from './rule.ts'

/** A comment that mutes rules, and what it reaches. */
export interface Suppression {
  /** `pgwitness`, or the tool whose comment it is: `squawk`, `eugene`, … */
  by: string
  /** As written, marks included. */
  comment: string
  /** One-based line of the file. */
  line: number
  /** UTF-16 offsets into the text. */
  start: number
  end: number
  rules: string[] | 'all'
  /** Indexes of the statements it reaches; `all` for the whole file, findings without a statement included. */
  statements: number[] | 'all'
  /** Empty where the comment gives none; then one of ours mutes nothing. */
  reason: string
  /** Names written that no rule has, each with the rule it may have meant. Only of our own comments. */
  unknown: Array<{ name: string; nearest: string | undefined }>
}

/** What can be muted: a finding or a claim, told by its rule's id and the index of its statement. */
export interface Mutable {
  rule: string
  statement: number | undefined
}

/** Something wrong with one of our own comments. */
export interface IgnoreProblem {
  rule: keyof typeof IGNORE_RULES
  message: string
  suppression: Suppression
}

/** The rules about our own ignore comments. They have no file: no operation or catalog shows a comment. */
export const IGNORE_RULES = {
  'require-ignore-reason': {
    title: 'Say why a rule is ignored',
    severity: 'medium',
    why: 'An ignore without a reason cannot be judged by the next reader, so it does not count. Write `-- pgwitness-ignore <rule>: <reason>`.',
  },
  'avoid-unused-ignore': {
    title: 'Remove an ignore that ignores nothing',
    severity: 'low',
    why: 'It may be misspelt or misplaced, and once it is stale it would hide the next finding of its rule without anybody having decided that.',
  },
} satisfies Record<string, { title: string; severity: Severity; why: string }>

/** Most scripts mute nothing; they are not scanned. */
const HINT = /ignore|disable|nolint|safety_assured/i

/**
 * The ignore comments of a script, ours and those of other tools, in the order they stand. `text` is the whole file, in which the statements'
 * offsets count; `rules` are all rules, the disabled ones included, so that ignoring one of those is not called a misspelling. `sql` is the
 * script's own part of the file: a comment blanked there belongs to another part, such as the way down, unless it speaks of the whole file.
 *
 * On a line of its own a comment reaches the next statement, inside or at the end of a statement that one.
 */
export function readSuppressions(
  text: string,
  statements: readonly Statement[],
  rules: readonly Rule[],
  sql: string = text,
): Suppression[] {
  if (!HINT.test(text)) return []
  const comments = readComments(text)
  return comments.flatMap((comment) => {
    const place = { text, statements, comments, comment }
    const directive = ownDirective(comment.words, rules) ?? foreignDirective(comment.words, rules, place)
    const { start, end } = comment
    if (!directive || (directive.reach !== 'file' && sql[start] !== text[start])) return []
    const { by, reach, rules: names, reason = '', unknown = [] } = directive
    const reached = reach === 'statement' ? statementsAt(comment, text, statements) : reach === 'file' ? 'all' : reach
    return {
      by,
      comment: text.slice(start, end).trimEnd(),
      line: lineOf(text, start),
      start,
      end,
      rules: names,
      statements: reached,
      reason,
      unknown,
    }
  })
}

/** What a comment asks for, before it is known which statement it stands at. */
export interface Directive {
  by: string
  reach: 'file' | 'statement' | number[]
  rules: string[] | 'all'
  reason?: string
  unknown?: Suppression['unknown']
}

/** Where a comment stands, for tools whose comments mean something else at the top of a file or have an end. */
export interface Place {
  text: string
  statements: readonly Statement[]
  comments: readonly Comment[]
  comment: Comment
}

function ownDirective(words: string, rules: readonly Rule[]): Directive | undefined {
  const match = /^pgwitness-ignore(-file)?(?![\w-])\s*([^:]*)(?::(.*))?$/is.exec(words)
  if (!match) return undefined
  const [, file, list = '', reason = ''] = match
  const names = list
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean)
  const isRule = (name: string) => name in IGNORE_RULES || rules.some(({ id }) => id === name)
  return {
    by: 'pgwitness',
    reach: file ? 'file' : 'statement',
    rules: names.filter(isRule),
    reason: reason.trim(),
    unknown: names.filter((name) => !isRule(name)).map((name) => ({ name, nearest: nearestRule(name, rules) })),
  }
}

/** The statement a comment stands in or behind on the same line, else the next one. */
function statementsAt({ start, end }: Comment, text: string, statements: readonly Statement[]): number[] {
  const line = text.lastIndexOf('\n', start - 1) + 1
  const around = statements.find((statement) => statement.start <= start && end <= statement.end)
  const before = statements.findLast((statement) => statement.end <= start && statement.end > line)
  const target = around ?? before ?? statements.find((statement) => statement.start >= end)
  return target ? [target.index] : []
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/**
 * Which findings are muted and by what, and what is wrong with our own comments. Pass refuted findings too: an ignore that mutes one is not
 * useless, since without a clone the finding stands. `checked` are the ids of the rules that ran; an ignore of any other is not called unused.
 */
export function applySuppressions<Finding extends Mutable>(
  findings: readonly Finding[],
  suppressions: readonly Suppression[],
  checked?: ReadonlySet<string>,
): { muted: Map<Finding, Suppression>; problems: IgnoreProblem[] } {
  const muted = new Map<Finding, Suppression>()
  const used = new Map<Suppression, Set<string>>()
  for (const finding of findings) {
    for (const suppression of suppressions.filter((one) => mutes(one, finding))) {
      if (!muted.has(finding)) muted.set(finding, suppression)
      used.set(suppression, (used.get(suppression) ?? new Set()).add(finding.rule))
    }
  }
  const problems = suppressions
    .filter(({ by }) => by === 'pgwitness')
    .flatMap((suppression) => problemsOf(suppression, used.get(suppression) ?? new Set(), checked))
  return { muted, problems }
}

function mutes({ by, rules, statements, reason }: Suppression, finding: Mutable): boolean {
  return (
    (by !== 'pgwitness' || reason !== '') &&
    (rules === 'all' || rules.includes(finding.rule)) &&
    (statements === 'all' || (finding.statement !== undefined && statements.includes(finding.statement)))
  )
}

function problemsOf(suppression: Suppression, used: ReadonlySet<string>, checked: ReadonlySet<string> | undefined): IgnoreProblem[] {
  const problem = (rule: IgnoreProblem['rule'], message: string): IgnoreProblem => ({ rule, message, suppression })
  const { rules, unknown, reason } = suppression
  const names = rules as string[]
  if (reason === '') return [problem('require-ignore-reason', 'This ignore gives no reason after a colon, so it does not count.')]
  if (names.length + unknown.length === 0) return [problem('avoid-unused-ignore', 'This ignore names no rule, so it ignores nothing.')]
  return [
    ...unknown.map(({ name, nearest }) =>
      problem('avoid-unused-ignore', `No rule is called \`${name}\`${nearest ? `; \`${nearest}\` is the nearest` : ''}.`),
    ),
    ...names
      .filter((name) => !used.has(name) && !(name in IGNORE_RULES) && (checked?.has(name) ?? true))
      .map((name) => problem('avoid-unused-ignore', `\`${name}\` reports nothing here, so this ignore ignores nothing.`)),
  ]
}
