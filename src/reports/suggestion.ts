import type { RehearsedFix } from '../experiments/rehearse-fix.ts'
import type { Finding } from '../review/finding.ts'
import type { Review, ReviewedScript, ReviewedStatement } from '../review/review.ts'

/**
 * The lines of a statement as one click may leave them; undefined where that would not be what was proved: the fix is several transactions, the statement
 * shares its lines with others or was read with placeholders filled in, it could not run where it stands, or its rehearsal did not go well.
 * `findings` are all about one statement.
 */
export function suggestionFor(findings: readonly Finding[], review: Review): string | undefined {
  if (review.clone === 'none' || findings.some(({ fix }) => fix?.steps)) return undefined
  const fixed = findings.filter(({ fix }) => fix?.replacement !== undefined)
  const [finding] = fixed
  const replacement = finding?.fix?.replacement
  if (!finding || replacement === undefined || fixed.some(({ fix }) => fix?.replacement !== replacement)) return undefined
  const place = placeOf(finding, review)
  if (!place || !isProved(finding, replacement) || !runsThere(replacement, place)) return undefined
  return inItsLines(replacement, place)
}

interface Place extends ReviewedStatement {
  script: ReviewedScript['script']
}

function placeOf({ path, startByte, endByte }: Finding, { scripts }: Review): Place | undefined {
  return scripts
    .filter(({ script }) => script.path === path)
    .flatMap(({ script, statements }) => statements.map((one) => ({ ...one, script })))
    .find(({ statement }) => statement.startByte === startByte && statement.endByte === endByte)
}

/** A fix that was rehearsed has to have ended in the same schema. A refresh needs a unique index, which only a rehearsal shows. */
function isProved({ evidence }: Finding, replacement: string): boolean {
  const rehearsals = evidence.flatMap((one) =>
    one.kind === 'experiment' && one.experiment === 'rehearse-fix' ? [one.result as RehearsedFix] : [],
  )
  if (rehearsals.length === 0) return !/^refresh\b/i.test(replacement)
  return rehearsals.every(({ steps, differences, harmless }) => harmless && differences.length === 0 && steps.every(({ error }) => !error))
}

/** What works concurrently is refused within a transaction, but for a refresh. With IF NOT EXISTS an invalid index would be taken for a whole one. */
function runsThere(replacement: string, { statement }: Place): boolean {
  if (/\bconcurrently\s+if\s+not\s+exists\b/i.test(replacement)) return false
  if (!/\bconcurrently\b/i.test(replacement) || /^refresh\b/i.test(replacement)) return true
  return statement.operations.length > 0 && statement.operations.every(({ transaction }) => transaction.mode === 'none')
}

function inItsLines(replacement: string, { script: { text }, statement }: Place): string | undefined {
  const { start, end } = statement
  const lineEnd = text.indexOf('\n', end)
  const before = text.slice(start === 0 ? 0 : text.lastIndexOf('\n', start - 1) + 1, start)
  const after = text.slice(end, lineEnd < 0 ? undefined : lineEnd)
  const isAlone = /^\s*$/.test(before) && /^\s*;?\s*(?:--.*)?$/.test(after)
  // Forges do not tell how they join lines of two kinds of ends.
  if (!isAlone || text.slice(start, end) !== statement.text || /\r/.test(before + replacement + after)) return undefined
  return `${before}${replacement}${after}`
}
