import type { Finding } from '../review/finding.ts'

type Fix = NonNullable<Finding['fix']>

/** A fix in plain text: what to do, then the SQL for it. */
export function fixInWords(fix: Fix): string {
  return ['Instead:', [leadIn(fix), ...fixSql(fix)].join('\n')].join(' ')
}

/** What to do; before several steps it says how to run them. */
export function leadIn({ text, steps = [] }: Fix): string {
  return steps.length > 1 ? `${text} Each step in a transaction of its own:` : text
}

/** The SQL of a fix to copy and run, a piece a step; the statement rewritten where there are no steps. Empty when the fix is only words. */
export function fixSql({ steps, replacement }: Fix): string[] {
  return (steps ?? (replacement === undefined ? [] : [replacement])).map(closed)
}

/** Ends in a semicolon; a step of several statements is written as the transaction it has to be. */
function closed(step: string): string {
  const sql = step.trim().replace(/;?$/, ';')
  return SEVERAL.test(sql) ? `begin;\n${sql}\ncommit;` : sql
}

const SEVERAL = /;\n\s*\S/
