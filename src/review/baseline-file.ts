import { z } from 'zod'
import { UserError } from '../errors.ts'

/** Known findings by fingerprint; what is written beside it is for the reader. */
const BaselineFile = z.strictObject({
  version: z.literal(1),
  findings: z.record(z.string(), z.strictObject({ rule: z.string(), path: z.string(), line: z.int() })),
})
export type Baseline = z.infer<typeof BaselineFile>

/** Throws a UserError for a file that is no baseline. */
export function parseBaseline(text: string, path: string): Baseline {
  const result = BaselineFile.safeParse(parseJson(text, path))
  if (!result.success)
    throw new UserError(
      `${path} is not a baseline; write it anew with \`pgwitness audit --write-baseline\`:\n${z.prettifyError(result.error)}`,
    )
  return result.data
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${(error as Error).message}`)
  }
}
