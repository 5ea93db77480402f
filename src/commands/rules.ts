import { styleText } from 'node:util'
import { builtInRules } from '../assemble.ts'
import { UserError } from '../errors.ts'
import { wrap } from '../reports/wrap.ts'
import { nearestRule } from '../rules/nearest.ts'
import { namesElsewhere, type Rule, stepsInWords, versionsInWords } from '../rules/rule.ts'

/** `pgwitness rules [name]`: the list, or one rule explained. */
export async function runRules(name: string | undefined, { format }: { format: 'text' | 'json' }): Promise<void> {
  const rules = await builtInRules()
  const shown = name === undefined ? rules : [findRule(rules, name)]
  if (format === 'json') return console.log(JSON.stringify(shown, undefined, 2))
  console.log(name === undefined ? list(rules) : shown.map(explain).join('\n'))
}

function findRule(rules: Rule[], name: string): Rule {
  const rule = rules.find(({ id, aliases }) => id === name || aliases.some((alias) => alias.toLowerCase() === name.toLowerCase()))
  if (rule) return rule
  const similar = nearestRule(name, rules)
  throw new UserError(`There is no rule \`${name}\`.${similar ? ` Did you mean \`${similar}\`?` : ''} \`pgwitness rules\` lists them.`)
}

function list(rules: Rule[]): string {
  const width = Math.max(...rules.map(({ id }) => id.length))
  const areas = Map.groupBy(rules, ({ area }) => area)
  const lines = [...areas].flatMap(([area, members]) => [
    '',
    styleText('bold', area),
    ...members.map(({ id, severity, optIn, title }) => `  ${id.padEnd(width)}  ${severity.padEnd(8)}  ${title}${optIn ? ' (opt-in)' : ''}`),
  ])
  return [...lines, '', `${rules.length} rules. \`pgwitness rules NAME\` explains one.`].join('\n').trimStart()
}

function explain(rule: Rule): string {
  const elsewhere = namesElsewhere(rule)
  const steps = stepsInWords(rule)
  const fix = rule.fix && [
    section('Instead'),
    prose(rule.fix.text),
    ...(steps.length > 0 ? [prose('Each step in a transaction of its own:'), ...steps.map(indent)] : []),
  ]
  return [
    styleText('bold', rule.id),
    rule.title,
    `${rule.severity}, ${rule.area}${rule.optIn ? ', opt-in' : ''}, Postgres ${versionsInWords(rule)}`,
    section('Why'),
    prose(rule.why),
    ...(fix ?? []),
    section('How it is shown'),
    prose(PROOFS[rule.prove](rule)),
    section('Reported'),
    ...rule.bad.map(indent),
    section('Not reported'),
    ...rule.good.map(indent),
    section('Sources'),
    ...rule.cite.map(({ title, url, quote, versions }) =>
      indent(`${title}${versions === 'all' ? '' : ` (${versionsInWords({ versions })})`}  ${url}${quote ? `\n“${quote}”` : ''}`),
    ),
    ...(elsewhere.length > 0 ? [section('Known elsewhere as'), prose(elsewhere.join(', '))] : []),
    '',
  ].join('\n')
}

const PROOFS: Record<Rule['prove'], (rule: Rule) => string> = {
  effects: () => 'Run on a clone: confirmed when the measured locks, rewrites, scans and index builds are those claimed, else refuted.',
  change: () => 'Run on a clone: confirmed when it changes the catalog, refuted when it changes nothing.',
  outcome: () => 'Run on a clone as its tool runs it: confirmed when Postgres answers with the error or warning claimed, else refuted.',
  catalog: () => 'Read from the catalog of the clone after the change ran there.',
  grammar: () => 'Read with the grammar of Postgres 18 itself.',
  rows: ({ unproved }) =>
    `Run on a clone with rows: confirmed when they make it fail, refuted when it succeeds. On other clones not tested: ${unproved}.`,
  none: ({ unproved }) => `Not tested: ${unproved}.`,
}

function section(title: string): string {
  return `\n${styleText('bold', title)}`
}

/** Paragraphs of a rule file, whose line ends mean nothing. */
function prose(text: string): string {
  const width = Math.max(40, process.stdout.columns ?? WIDTH)
  return indent(wrap(text.trim().replaceAll(/\s+/g, ' '), width - 2).join('\n'))
}

const WIDTH = 100

function indent(text: string): string {
  return text.trim().replace(/^/gm, '  ')
}
