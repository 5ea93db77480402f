import { z } from 'zod'
import type { Effects } from '../sql/effects.ts'
import { readScript } from '../sql/reader/read-script.ts'
import { measureScript } from './effects.ts'
import type { Experiment } from './experiment.ts'
import { Transaction } from './transaction-input.ts'

const Input = z.strictObject({
  script: z.string().meta({ file: true }).describe('File of SQL, run in order.'),
  transaction: Transaction,
})

/** `effects` is null where they were not seen, and `reason` says why. Lines are one-based. */
export interface ScriptEffects {
  statements: Array<{ line: number; kind: string; effects: Effects | null; ms: number | null; reason: string | null; error: string | null }>
}

export const EXPERIMENT: Experiment<z.infer<typeof Input>, ScriptEffects> = {
  name: 'effects',
  question: 'Which locks, rewrites, scans and index builds does each statement of a script cause?',
  input: Input,
  needs: 'schema',
  async run(clone, { script, transaction }, { signal }) {
    const statements = await readScript(script, transaction)
    const { measurements } = await measureScript(clone, statements, transaction, {}, signal)
    return {
      statements: measurements.map(({ effects, ms, unmeasured, error }, index) => ({
        line: statements[index]?.line ?? 1,
        kind: statements[index]?.kind ?? '',
        effects: effects ?? null,
        ms: ms ?? null,
        reason: unmeasured ?? null,
        error: error ? `${error.code}: ${error.message}` : null,
      })),
    }
  },
  summarise({ statements }) {
    const rewriting = statements.filter(({ effects }) => effects && effects.rewrites.length > 0).length
    return `${statements.length} statements: ${rewriting} rewrite a table, ${statements.filter(({ error }) => error).length} fail`
  },
  render({ statements }) {
    return statements.flatMap(({ line, kind, effects, reason, error }) => [
      `line ${line}  ${kind}`,
      ...(effects?.locks ?? []).map(({ relation, mode }) => `    ${mode.padEnd(26)} ${relation}`),
      ...(effects?.rewrites ?? []).map((relation) => `    rewrites                   ${relation}`),
      ...(effects?.scans ?? []).map((relation) => `    scans                      ${relation}`),
      ...(effects?.builds ?? []).map(({ index }) => `    builds                     ${index}`),
      ...(error === null ? [] : [`    ERROR ${error}`]),
      ...(reason === null || error !== null ? [] : [`    not measured: ${reason}`]),
    ])
  },
}
