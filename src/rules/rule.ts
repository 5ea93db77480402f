import type { RuleFile } from './rule-file.ts'

export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** A rule as its file says it, with the defaults filled in. */
export interface Rule extends RuleFile {
  id: string
  area: string
}

/** What other tools call the hazard: `squawk/adding-required-field`. */
export function namesElsewhere({ aliases }: Rule): string[] {
  return aliases.filter((alias) => alias.includes('/'))
}

/** `14 or newer`, `12 to 17`. */
export function versionsInWords({ versions }: Pick<Rule, 'versions'>): string {
  if (versions === 'all') return 'of any version'
  if (versions.startsWith('<')) return `before ${versions.slice(1)}`
  if (versions.startsWith('>=')) return `${versions.slice(2)} or newer`
  return versions.replace('-', ' to ')
}

/** The steps of a rule's fix as the file has them, each with the condition under which it is offered: `-- if postgres over 17`. */
export function stepsInWords({ fix }: Rule): string[] {
  return (fix?.steps ?? []).map((step) => {
    const [condition, sql] = typeof step === 'string' ? [{}, step] : [step.when, step.sql]
    const parts = Object.entries(condition).map(([word, wanted]) => [word, ...words(wanted)].join(' '))
    return `${parts.length > 0 ? `-- if ${parts.join(' and ')}\n` : ''}${sql.trim()};`
  })
}

function words(wanted: unknown): string[] {
  return wanted !== null && typeof wanted === 'object' ? Object.entries(wanted).flat().map(String) : [String(wanted)]
}

/** Does the rule hold for this major version? */
export function holdsFor({ versions }: Pick<Rule, 'versions'>, postgres: number): boolean {
  const { from, to } = rangeOf(versions)
  return postgres >= from && postgres <= to
}

/** Both included. */
export function rangeOf(versions: string): { from: number; to: number } {
  if (versions === 'all') return { from: 0, to: Number.POSITIVE_INFINITY }
  if (versions.startsWith('<')) return { from: 0, to: Number(versions.slice(1)) - 1 }
  if (versions.startsWith('>=')) return { from: Number(versions.slice(2)), to: Number.POSITIVE_INFINITY }
  const [from = 0, to = 0] = versions.split('-').map(Number)
  return { from, to }
}
