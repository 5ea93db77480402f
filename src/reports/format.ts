import { UserError } from '../errors.ts'
import type { Review } from '../review/review.ts'
import type { SarifOptions } from './sarif.ts'
import type { TextOptions } from './text.ts'

export const FORMATS = ['text', 'markdown', 'json', 'sarif', 'code-quality', 'junit', 'github'] as const
export type Format = (typeof FORMATS)[number]

/** What the formats that have options take; the others look away. */
export interface ReportOptions extends TextOptions, SarifOptions {}

/** Loads the one renderer asked for. The text ends with a newline. */
export async function renderReport(format: Format, review: Review, options: ReportOptions = {}): Promise<string> {
  switch (format) {
    case 'text':
      return (await import('./text.ts')).renderText(review, options)
    case 'markdown':
      return (await import('./markdown.ts')).renderMarkdown(review)
    case 'json':
      return (await import('./json.ts')).renderJson(review)
    case 'sarif':
      return (await import('./sarif.ts')).renderSarif(review, options)
    case 'code-quality':
      return (await import('./code-quality.ts')).renderCodeQuality(review)
    case 'junit':
      return (await import('./junit.ts')).renderJunit(review)
    case 'github':
      return (await import('./github.ts')).renderGithub(review)
  }
}

/** A format and the file it goes to; standard output without one. */
export interface FormatRequest {
  format: Format
  file?: string
}

/** Reads `--format` options: `markdown`, `sarif=out.sarif`. None means text. Throws a UserError for what cannot be meant. */
export function parseFormats(specs: readonly string[]): FormatRequest[] {
  if (specs.length === 0) return [{ format: 'text' }]
  const requests = specs.map(parseFormat)
  const onScreen = requests.filter(({ file }) => file === undefined)
  if (onScreen.length > 1) {
    throw new UserError(
      `Only one format can go to standard output, not ${onScreen.map(({ format }) => format).join(' and ')}: write the others to files, --format ${onScreen[1]?.format}=FILE`,
    )
  }
  const files = requests.flatMap(({ file }) => file ?? [])
  const twice = files.find((file, index) => files.indexOf(file) < index)
  if (twice !== undefined) throw new UserError(`Two formats would write to ${twice}: give each a file of its own`)
  return requests
}

function parseFormat(spec: string): FormatRequest {
  const [, name = '', file] = /^([^=]*)(?:=(.*))?$/s.exec(spec) ?? []
  const format = FORMATS.find((known) => known === name)
  if (!format) throw new UserError(`There is no format "${name}": choose one of ${FORMATS.join(', ')}`)
  if (file === '') throw new UserError(`--format ${format}= names no file: leave out the "=" to print it`)
  return file === undefined ? { format } : { format, file }
}
