import { z } from 'zod'
import type { Clone } from '../clones/clone.ts'
import { UserError } from '../errors.ts'
import type { Effects } from '../sql/effects.ts'
import { isAtLeast, type LockWords, lockWords } from '../sql/operation.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Statement } from '../sql/statement.ts'
import { measureScript } from './effects.ts'
import type { Experiment } from './experiment.ts'
import { compareSchemas, readSchema, type SchemaDifference } from './schema.ts'
import { isControl } from './transactions.ts'

const Input = z.strictObject({
  script: z.string().meta({ file: true }).describe('File of SQL with the statement that is to be replaced.'),
  line: z.int().positive().optional().describe('Line of that statement.'),
  statement: z.int().positive().optional().describe('Its number in the file, the first is 1, instead of its line.'),
  steps: z.array(z.string()).min(1).describe('What stands in its place, one statement each; each runs in a transaction of its own.'),
})

/** What a statement does to tables in use, as far as it hurts. */
interface Harm {
  /** The strongest lock on a table that existed. */
  lock: LockWords
  rewrites: string[]
  /** Tables read from end to end or indexed while that lock is held. */
  works: string[]
}

export interface RehearsedFix {
  original: Harm
  /** One a step. */
  steps: Array<{ sql: string; harm: Harm; error: string | null }>
  /** What the fix leaves otherwise than the original: nothing when it ends in the same schema. */
  differences: SchemaDifference[]
  /** No step fails, rewrites a table, or works on one under a lock that writers wait for. */
  harmless: boolean
}

export const EXPERIMENT: Experiment<z.infer<typeof Input>, RehearsedFix> = {
  name: 'rehearse-fix',
  question: 'Do these steps end in the same schema as the statement they replace, without what makes it dangerous?',
  input: Input,
  needs: 'schema',
  run: async (clone, input, { signal }) => await rehearseFix(clone, input, signal),
  summarise({ steps, differences, harmless, original }) {
    const failed = steps.find(({ error }) => error)
    if (failed) return `The fix fails: ${failed.error} in ${failed.sql}`
    const schema = differences.length === 0 ? 'The same schema' : `Another schema (${differences[0]?.object})`
    const under = 'under a lock that writers wait for'
    return harmless
      ? `${schema}, and no step works ${under}.`
      : `${schema}, but a step rewrites a table or works ${under}; the original took ${original.lock.toUpperCase()}.`
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

/**
 * Runs the script first, then, on the same base, the script with the steps in place of the statement: in one session, so that what it sets holds,
 * and each statement in a transaction of its own. The clone has to be one that can start anew.
 */
async function rehearseFix(
  clone: Clone,
  { script, line, statement, steps }: z.infer<typeof Input>,
  signal: AbortSignal,
): Promise<RehearsedFix> {
  if (!clone.restart) throw new UserError(`A ${clone.provider} clone cannot go back to its base, so two ways cannot be compared on it.`)
  for (const step of steps) {
    const read = await readScript(step)
    if (read.length !== 1) throw new UserError(`Each step has to be one statement; this is ${read.length}: ${step}`)
  }
  const whole = await readScript(script, 'none')
  const place = placeOf(whole, line, statement)
  const texts = whole.filter((one) => one === place || !isControl(one)).map(({ text }) => text)
  const at = whole.slice(0, place.index).filter((one) => !isControl(one)).length

  const [original] = await measured(clone, texts, at, 1, signal)
  if (original?.error) throw new UserError(`The statement on line ${place.line} fails by itself: ${original.error}.`)
  const wanted = await readSchema(clone, signal)
  await clone.restart(signal)
  const done = await measured(clone, [...texts.slice(0, at), ...steps, ...texts.slice(at + 1)], at, steps.length, signal)
  const differences = compareSchemas(wanted, await readSchema(clone, signal))
  return {
    original: harmOf(original?.effects),
    steps: done.map(({ sql, effects, error }) => ({ sql, harm: harmOf(effects), error })),
    differences,
    harmless: done.every(({ effects, error }) => error === null && isHarmless(harmOf(effects))),
  }
}

function placeOf(statements: readonly Statement[], line: number | undefined, number: number | undefined): Statement {
  if ((line === undefined) === (number === undefined)) throw new UserError('Say which statement is replaced, by its line or by its number.')
  const found =
    number === undefined ? statements.find((one) => one.line <= Number(line) && Number(line) <= one.endLine) : statements[number - 1]
  if (!found) throw new UserError(`There is no statement ${number === undefined ? `on line ${line}` : number} in the script.`)
  return found
}

interface Measured {
  sql: string
  effects: Effects | undefined
  error: string | null
}

/** Runs all and tells of `count` from `at` on. */
async function measured(clone: Clone, texts: readonly string[], at: number, count: number, signal: AbortSignal): Promise<Measured[]> {
  const statements = await readScript(texts.join('\n;\n'), 'none')
  const { measurements } = await measureScript(clone, statements, 'none', {}, signal)
  return texts.slice(at, at + count).map((sql, index) => {
    const { effects, error, unmeasured } = measurements[at + index] ?? {}
    // What ran outside a transaction is not seen whole, and has run; what the clone did not survive has not.
    const reason = error ? `${error.message} (${error.code})` : effects === undefined ? (unmeasured ?? 'it was not reached') : null
    return { sql, effects, error: reason }
  })
}

function harmOf(effects: Effects | undefined): Harm {
  const { locks = [], rewrites = [], scans = [], builds = [] } = effects ?? {}
  const held = locks.filter(({ kind, existed }) => kind === 'table' && existed)
  const lock = held.reduce<LockWords>((most, { mode }) => (isAtLeast(lockWords(mode), most) ? lockWords(mode) : most), 'none')
  const built = builds.filter(({ existed, concurrently }) => existed && !concurrently).map(({ table }) => table)
  return { lock, rewrites, works: [...new Set([...scans, ...built])] }
}

/** A brief strong lock is what many fixes need; what hurts is work done under one that writers wait for. */
function isHarmless({ lock, rewrites, works }: Harm): boolean {
  return rewrites.length === 0 && (works.length === 0 || !isAtLeast(lock, 'share'))
}
