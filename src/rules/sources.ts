import { type Rule, rangeOf } from './rule.ts'

/** Where a rule's statement is written, for a reader's server. */
export interface RuleSource {
  title: string
  url: string
  quote: string | null
}

/** Majors whose manuals the entries of the rules were held against, where they say nothing else. */
const MANUALS = { from: 12, to: 18 }
const CURRENT = 'https://www.postgresql.org/docs/current/'

/**
 * A rule's sources in the manual of this major version: `https://www.postgresql.org/docs/15/…`, called `PostgreSQL 15, …`. Of entries with one title the one that
 * this manual has; where none has, the version nearest to it that does. Sources elsewhere stay as they are.
 */
export function sourcesFor({ cite }: Pick<Rule, 'cite'>, postgres: number): RuleSource[] {
  return [...Map.groupBy(cite, ({ title }) => title).values()].flatMap((entries) => {
    const [nearest] = entries
      .map(({ title, url, quote = null, versions }) => ({ title, url, quote, postgres: clamped(versions, postgres) }))
      .sort((a, b) => Math.abs(a.postgres - postgres) - Math.abs(b.postgres - postgres))
    return nearest ? [ofVersion(nearest, nearest.postgres)] : []
  })
}

function clamped(versions: string, postgres: number): number {
  const { from, to } = rangeOf(versions)
  const first = from === 0 ? MANUALS.from : from
  return Math.min(Math.max(postgres, first), Math.min(to, MANUALS.to))
}

function ofVersion({ title, url, quote }: RuleSource, postgres: number): RuleSource {
  if (!url.startsWith(CURRENT)) return { title, url, quote }
  return {
    title: title.replace(/^PostgreSQL(?=,|$)/, `PostgreSQL ${postgres}`),
    url: url.replace(CURRENT, `https://www.postgresql.org/docs/${postgres}/`),
    quote,
  }
}
