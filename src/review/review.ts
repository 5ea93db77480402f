import type { SkippedBase } from '../clones/clone.ts'
import type { Measurement } from '../experiments/measurement.ts'
import type { Script } from '../extractors/script.ts'
import type { Effects } from '../sql/effects.ts'
import type { Statement } from '../sql/statement.ts'
import type { Finding } from './finding.ts'

/** Everything a review found, and what it looked at. */
export interface Review {
  /** Major version reviewed for. */
  postgres: number
  clone: 'none' | 'embedded'
  /** `18.6 (PGlite)`; null without a clone. */
  cloneVersion: string | null
  model: null
  coverage: Coverage
  scripts: ReviewedScript[]
  findings: Finding[]
  /** What could not be replayed of the base. */
  skippedBase: SkippedBase[]
  /** Sentences the reader should know: the base was not found, a file is binary, the clone died. */
  notes: string[]
  ms: number
}

/** `files` are files with SQL in them; `measured` are statements with measured effects. */
export interface Coverage { files: number; statements: number; parsed: number; measured: number }

export interface ReviewedScript {
  script: Script
  statements: ReviewedStatement[]
}

export interface ReviewedStatement {
  statement: Statement
  predicted: Effects
  /** Undefined when there is no clone. */
  measurement: Measurement | undefined
}
