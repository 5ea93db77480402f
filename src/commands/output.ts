import { writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Config, readEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'
import { type FormatRequest, renderReport } from '../reports/format.ts'
import type { Review } from '../review/review.ts'
import { SEVERITIES } from '../rules/rule.ts'

/** Writes every report asked for. When all of them go to files, the terminal still gets the text. */
export async function writeReports(
  review: Review,
  requests: FormatRequest[],
  options: { version: string; problemsOnly?: boolean },
): Promise<void> {
  const onScreen = requests.every(({ file }) => file !== undefined) ? [...requests, { format: 'text' as const }] : requests
  const { colour } = readEnvironment()
  const failures: UserError[] = []
  for (const request of onScreen) {
    const file = 'file' in request ? request.file : undefined
    const text = await renderReport(request.format, review, {
      ...options,
      colour: file === undefined && (colour ?? process.stdout.isTTY),
      ...(process.stdout.isTTY && { width: process.stdout.columns }),
    })
    if (file === undefined) process.stdout.write(text)
    else failures.push(...(await writeReport(file, text)))
  }
  if (failures.length > 0) throw new UserError(failures.map(({ message }) => message).join('\n'))
}

/** What went wrong, which keeps no other report from being written. */
async function writeReport(file: string, text: string): Promise<UserError[]> {
  try {
    makeFolder(dirname(file))
    await writeFile(file, text)
    return []
  } catch (error) {
    return [new UserError(`${file} cannot be written: ${(error as NodeJS.ErrnoException).code}.`)]
  }
}

/** 1 when a finding that is neither refuted nor suppressed is as severe as `failOn` or more. */
export function exitCodeOf({ findings }: Review, failOn: Config['failOn']): number {
  if (failOn === 'never') return 0
  const limit = SEVERITIES.indexOf(failOn)
  const failing = findings.some(
    ({ verdict, severity, suppressed }) => verdict !== 'refuted' && !suppressed && SEVERITIES.indexOf(severity) >= limit,
  )
  return failing ? 1 : 0
}
