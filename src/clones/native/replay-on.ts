import { type BaseScript, CloneDied, type DatabaseError, type SkippedBase, type Step } from '../clone.ts'
import { type Replayer, replay } from '../replay.ts'
import { type ConnectionOptions, openConnection, type Target } from './connection.ts'
import { RESET } from './native-clone.ts'

/** Files of the base that hang are left out: not for ever. */
const MAX_HUNG = 3

/** Applies the files of a base in order; a file that ends its session is left out from where it did. */
export async function replayOn(
  target: Target,
  options: ConnectionOptions,
  scripts: readonly BaseScript[],
  signal: AbortSignal,
): Promise<SkippedBase[]> {
  const skipped: SkippedBase[] = []
  let hung = 0
  let connection = await openConnection(target, options, signal)
  try {
    for (const script of scripts) {
      try {
        skipped.push(
          ...(await replay(
            replayerOf((step) => connection.batch([step], signal), options.service),
            script,
          )),
        )
      } catch (error) {
        hung += 1
        if (!(error instanceof CloneDied) || signal.aborted || hung > MAX_HUNG) throw error
        skipped.push({ path: script.path, line: 1, statement: '', reason: `the file was left out: ${error.message}` })
        await connection[Symbol.asyncDispose]()
        connection = await openConnection(target, options, signal)
      }
    }
  } finally {
    await connection[Symbol.asyncDispose]()
  }
  return skipped
}

function replayerOf(batch: (step: Step) => Promise<Array<{ error?: DatabaseError }>>, name: string): Replayer {
  const error = async (step: Step): Promise<DatabaseError | undefined> => (await batch(step))[0]?.error
  return {
    name: `the ${name}`,
    script: async (sql) => await error({ sql: [sql] }),
    statement: async (sql) => await error({ sql }),
    reset: async () => await error({ sql: RESET }),
  }
}
