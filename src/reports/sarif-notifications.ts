import type { Review } from '../review/review.ts'
import { coverageLine } from './coverage-line.ts'
import { sarifLocation, sarifText } from './sarif-text.ts'
import type { Source } from './source.ts'

/** What the tool could not do: statements it could not parse (errors), base files it could not replay (warnings), then its notes and coverage. */
export function sarifNotifications(review: Review, sourceOf: (path: string) => Source | undefined) {
  const unparsed = review.scripts.flatMap(({ script, statements }) =>
    statements.flatMap(({ statement }) => {
      if (!statement.syntaxError) return []
      const { message, hint } = statement.syntaxError
      const lines = sourceOf(script.path)?.lines.length ?? statement.line
      const region = { startLine: statement.line, endLine: Math.min(statement.endLine, lines) }
      return [
        {
          descriptor: { id: 'unparsed' },
          level: 'error',
          message: { text: sarifText(`${message}${hint === undefined ? '' : ` (${hint})`}`) },
          locations: [sarifLocation(script.path, region)],
        },
      ]
    }),
  )
  const skipped = review.skippedBase.map(({ path, line, reason }) => ({
    descriptor: { id: 'base-not-replayed' },
    level: 'warning',
    message: { text: sarifText(`Not replayed on the clone: ${reason}`) },
    locations: [sarifLocation(path, { startLine: line, endLine: line })],
  }))
  const notes = review.notes.map((note) => ({ descriptor: { id: 'note' }, level: 'note', message: { text: sarifText(note) } }))
  return [...unparsed, ...skipped, ...notes, { descriptor: { id: 'coverage' }, level: 'note', message: { text: coverageLine(review) } }]
}
