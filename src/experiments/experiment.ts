import type { ZodType } from 'zod'
import type { Clone } from '../clones/clone.ts'

/** What a clone must have for an experiment to tell anything. */
type Need =
  /** Any clone will do. */
  | 'schema'
  /** More sessions than one. */
  | 'connections'
  /** Rows, or at least the statistics of them. */
  | 'statistics'
  /** Rows. */
  | 'rows'

/**
 * One question put to a clone. A file exports one as `EXPERIMENT`; `pgwitness experiment NAME` and the tools of the agent are made from it, so
 * `question`, the names of the input's fields and their descriptions are what people read.
 */
export interface Experiment<Input, Result extends object> {
  /** `held-locks`. */
  readonly name: string
  /** What it answers, in one sentence. */
  readonly question: string
  /** A strict object, every field described; a field with the meta `{ file: true }` holds the text of a file, given by its path. */
  readonly input: ZodType<Input>
  readonly needs: Need
  /** A ServiceError when the clone fails, a UserError when the input cannot be asked. No row value is in what it returns. */
  run(clone: Clone, input: Input, context: ExperimentContext): Promise<Result>
  /** One sentence with the numbers: the summary of its evidence. */
  summarise(result: Result): string
  /** The whole result for a terminal, a line each; tables are aligned with spaces. */
  render(result: Result): string[]
}

export interface ExperimentContext {
  signal: AbortSignal
  /** Says what is going on during long work. */
  progress(what: string): void
}
