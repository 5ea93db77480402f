import type { TransferReport } from '../knowledge/upkeep.ts'
import { oneLine } from '../reports/printable.ts'
import { inBytes, inNumbers } from './amounts.ts'

/** What was exported or imported: a line each source. */
export function transferText({ file, bytes, exportedAt, model, vectors, sources, notes }: TransferReport, done: string): string {
  const passages = sources.reduce((sum, source) => sum + source.passages, 0)
  return [
    `${done}: ${oneLine(file)}, ${inBytes(bytes)}, of ${exportedAt.slice(0, 16).replace('T', ' ')} UTC.`,
    ...sources.map(
      (source) =>
        `  ${source.name} (${source.type}): ${inNumbers(source.documents)} documents, ${inNumbers(source.passages)} passages${source.replaced ? '; replaces the one that was there' : ''}`,
    ),
    ...(model && vectors > 0 ? [`  ${inNumbers(vectors)} vectors of ${oneLine(model.name)} for ${inNumbers(passages)} passages`] : []),
    ...notes.map(oneLine),
    '',
  ].join('\n')
}
