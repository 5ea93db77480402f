import type { Extractor } from './extractor.ts'
import { byFolder, compareVersions, fileName, isDirectlyIn } from './names.ts'
import { fillDollarBraces } from './placeholders.ts'
import { keepOnly, replaceSpans, type Span, statementEndsBefore } from './positions.ts'
import { foldersThatMatch } from './sample.ts'
import type { Script } from './script.ts'

const NAME = /^\d+_.*\.sql$/
export const GOOSE_MARK = /^--[ \t]*\+goose[ \t]+up\b/im
const ANNOTATION = /^--[ \t]*\+goose[ \t]+([a-z]+(?:[ \t]+[a-z]+)?)[ \t]*\r?$/gim

/**
 * goose: `N_name.sql` by version. `-- +goose Up` and `-- +goose Down` part the file; each statement is sent by itself in
 * one transaction, or in none after `-- +goose NO TRANSACTION`, which holds for both parts. `-- +goose ENVSUB ON` fills
 * `${NAME}` until `ENVSUB OFF`. Annotations stand at the start of a line, in any case.
 *
 * https://pressly.github.io/goose/documentation/annotations,
 * https://github.com/pressly/goose/blob/main/internal/sqlparser/parser.go
 */
export const goose: Extractor = {
  tool: 'goose',
  detect: (paths, read) => foldersThatMatch(byFolder(paths, NAME), read, GOOSE_MARK),
  owns: (path, folder) => isDirectlyIn(path, folder) && NAME.test(fileName(path)),
  compare: compareVersions,
  extract(path, text) {
    const annotations = [...text.matchAll(ANNOTATION)].map((match) => ({
      name: (match[1] ?? '').toLowerCase().replace(/\s+/g, ' '),
      start: match.index,
      end: match.index + match[0].length,
    }))
    const transaction = annotations.some((annotation) => annotation.name === 'no transaction') ? 'none' : 'file'
    const up = annotations.find((annotation) => annotation.name === 'up')
    const down = annotations.find((annotation) => annotation.name === 'down')
    if (!up) {
      return [
        {
          path,
          tool: 'goose',
          direction: 'up',
          text,
          sql: keepOnly(text, []),
          transaction,
          notes: ['goose wants `-- +goose Up` before the first statement'],
        },
      ]
    }
    const ended = endStatements(text, annotations)
    const part = (direction: Script['direction'], span: Span): Script => {
      const { sql, notes } = fillDollarBraces(keepOnly(ended, [span]), new Map(), substituted(annotations, text.length))
      return { path, tool: 'goose', direction, text, sql, transaction, notes }
    }
    const scripts = [part('up', { start: up.end, end: down?.start ?? text.length })]
    if (down) scripts.push(part('down', { start: down.end, end: text.length }))
    return scripts
  },
}

interface Annotation extends Span {
  name: string
}

/** What stands between StatementBegin and StatementEnd is a statement even when it has no semicolon. */
function endStatements(text: string, annotations: readonly Annotation[]): string {
  const open = annotations.filter(({ name, start }) => name === 'statementend' && !statementEndsBefore(text, start))
  return replaceSpans(
    text,
    open.map(({ start, end }) => ({ start, end, value: ';' })),
  )
}

function substituted(annotations: readonly Annotation[], length: number): Span[] {
  const spans: Span[] = []
  let start: number | undefined
  for (const annotation of annotations) {
    if (annotation.name === 'envsub on') start ??= annotation.end
    if (annotation.name === 'envsub off' && start !== undefined) {
      spans.push({ start, end: annotation.start })
      start = undefined
    }
  }
  if (start !== undefined) spans.push({ start, end: length })
  return spans
}
