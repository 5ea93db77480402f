import { randomUUID } from 'node:crypto'
import { appendFile } from 'node:fs/promises'
import { UserError } from '../errors.ts'

/** GitHub drops a step's summary that is larger: https://docs.github.com/actions/reference/workflow-commands-for-github-actions#step-isolation-and-limits */
const MAX_SUMMARY_BYTES = 1024 * 1024

/** Sets outputs of a step. Each value stands between two lines that nobody can know beforehand, so that none can set another. */
export async function writeOutputs(path: string | undefined, outputs: Readonly<Record<string, string | number>>): Promise<void> {
  const lines = Object.entries(outputs).map(([name, value]) => {
    const delimiter = `ghadelimiter_${randomUUID()}`
    return `${name}<<${delimiter}\n${value}\n${delimiter}\n`
  })
  await append(path, lines.join(''), 'GITHUB_OUTPUT')
}

/** What stands on the page of the run. */
export async function writeStepSummary(path: string | undefined, markdown: string): Promise<void> {
  const text =
    Buffer.byteLength(markdown) < MAX_SUMMARY_BYTES ? markdown : 'The summary is too large for GitHub; the log has the findings.\n'
  await append(path, `${text}\n`, 'GITHUB_STEP_SUMMARY')
}

async function append(path: string | undefined, text: string, variable: string): Promise<void> {
  if (path === undefined) return
  try {
    await appendFile(path, text)
  } catch (error) {
    throw new UserError(`The file that ${variable} names cannot be written: ${(error as NodeJS.ErrnoException).code}.`)
  }
}
