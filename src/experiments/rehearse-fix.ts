import { z } from 'zod'
import type { Clone } from '../clones/clone.ts'
import { UserError } from '../errors.ts'
import type { Effects } from '../sql/effects.ts'
import { isAtLeast, type LockWords, lockWords } from '../sql/operation.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { TransactionMode } from '../sql/statement.ts'
import { measureScript } from './effects.ts'
import type { Experiment } from './experiment.ts'
import { runScript } from './run-script.ts'
import { compareSchemas, readSchema, type SchemaDifference } from './schema.ts'

const Input = z.strictObject({
  script: z.string().meta({ file: true }).describe('File of SQL with the statement that is to be replaced.'),
  line: z.int().positive().describe('Line of that statement.'),
  steps: z.array(z.string()).min(1).describe('What stands in its place, one statement each; each runs in a transaction of its own.'),
  transaction: z.enum(['file', 'implicit', 'none']).default('file').describe('How the tool sends the file.'),
})

/** What a statement does to tables in use, as far as it hurts. */
export interface Harm {
  /** The strongest lock on a table that existed. */
  lock: LockWords
  rewrites: string[]
  /** Tables read or indexed while that lock is held. */
  works: string[]
}

export interface RehearsedFix {
  original: Harm
  /** One a step. */
  steps: Array<{ sql: string; harm: Harm; error: string | null }>
  /** What the fix leaves otherwise than the original: nothing when it ends in the same schema. */
  differences: SchemaDifference[]
  /** No step rewrites or works under as strong a lock as the original, and none fails. */
  harmless: boolean
}

export const EXPERIMENT: Experiment<z.infer<typeof Input>, RehearsedFix> = {
  name: 'rehearse-fix',
  question: 'Do these steps end in the same schema as the statement they replace, without what makes it dangerous?',
  input: Input,
  needs: 'schema',
  async run(clone, { script, line, steps, transaction }, { signal }) {
    return await rehearseFix(clone, { script, line, steps, transaction }, signal)
  },
  summarise({ steps, differences, harmless, original }) {
    const failed = steps.find(({ error }) => error)
    if (failed) return `The fix fails: ${failed.error} in ${failed.sql}`
    const schema = differences.length === 0 ? 'The same schema' : `Another schema (${differences[0]?.object})`
    return `${schema}, ${harmless ? `without working under ${original.lock.toUpperCase()}` : 'and a step that does the same harm'}.`
  },
  render({ original, steps, differences }) {
    const words = ({ lock, rewrites, works }: Harm): string =>
      [lock, ...rewrites.map((table) => `rewrites ${table}`), ...works.map((table) => `works on ${table}`)].join(', ')
    return [
      `original: ${words(original)}`,
      ...steps.flatMap(({ sql, harm, error }) => [`${sql}`, `    ${error ?? words(harm)}`]),
      ...differences.map(({ object, before, after }) => `differs: ${object}: ${before} / ${after}`),
    ]
  },
}

/** Runs the original first, then, on the same base, the script with the steps in its place. The clone has to be one that can start anew. */
export async function rehearseFix(
  clone: Clone,
  { script, line, steps, transaction }: { script: string; line: number; steps: readonly string[]; transaction: TransactionMode },
  signal: AbortSignal,
): Promise<RehearsedFix> {
  if (!clone.restart) throw new UserError(`A ${clone.provider} clone cannot go back to its base, so two ways cannot be compared on it.`)
  const statements = await readScript(script, transaction)
  const index = statements.findIndex((one) => one.line <= line && line <= one.endLine)
  const statement = statements[index]
  if (!statement) throw new UserError(`There is no statement on line ${line} of the script.`)
  const before = statements.slice(0, index).map(({ text }) => text)
  const after = statements.slice(index + 1).map(({ text }) => text)

  await applyAll(clone, before, signal)
  const original = await measureScript(clone, await readScript(statement.text, 'none'), 'none', {}, signal)
  const error = original.measurements[0]?.error
  if (error) throw new UserError(`The statement on line ${line} fails by itself: ${error.message} (${error.code}).`)
  await applyAll(clone, after, signal)
  const wanted = await readSchema(clone, signal)

  await clone.restart(signal)
  await applyAll(clone, before, signal)
  const done: RehearsedFix['steps'] = []
  for (const sql of steps) {
    const { measurements } = await measureScript(clone, await readScript(sql, 'none'), 'none', {}, signal)
    const failed = measurements.find((one) => one.error)?.error
    done.push({
      sql,
      harm: harmOf(measurements.map(({ effects }) => effects)),
      error: failed ? `${failed.message} (${failed.code})` : null,
    })
  }
  await applyAll(clone, after, signal)
  const differences = compareSchemas(wanted, await readSchema(clone, signal))
  const was = harmOf(original.measurements.map(({ effects }) => effects))
  return {
    original: was,
    steps: done,
    differences,
    harmless: done.every(({ harm, error: failed }) => failed === null && isLess(harm, was)),
  }
}

async function applyAll(clone: Clone, texts: readonly string[], signal: AbortSignal): Promise<void> {
  for (const text of texts) await runScript(clone, text, 'none', signal)
}

function harmOf(effects: ReadonlyArray<Effects | undefined>): Harm {
  const seen = effects.flatMap((one) => one ?? [])
  const locks = seen.flatMap((one) => one.locks).filter(({ kind, existed }) => kind === 'table' && existed)
  const strongest = locks.reduce<LockWords>((most, { mode }) => (isAtLeast(lockWords(mode), most) ? lockWords(mode) : most), 'none')
  return {
    lock: strongest,
    rewrites: [...new Set(seen.flatMap(({ rewrites }) => rewrites))],
    works: [
      ...new Set(seen.flatMap(({ scans, builds }) => [...scans, ...builds.filter(({ existed }) => existed).map(({ table }) => table)])),
    ],
  }
}

/** A brief strong lock is what many fixes need; what hurts is work done under it. */
function isLess(step: Harm, original: Harm): boolean {
  if (step.rewrites.length > 0) return false
  if (step.works.length === 0) return true
  return !isAtLeast(step.lock, original.lock) || !BLOCKS_WRITES.has(step.lock)
}

const BLOCKS_WRITES = new Set<LockWords>(['share', 'share row exclusive', 'exclusive', 'access exclusive'])
