import type { Clone } from '../clones/clone.ts'
import { measureScript } from '../experiments/effects.ts'
import type { Measurement } from '../experiments/measurement.ts'
import type { Script } from '../extractors/script.ts'
import { check } from '../rules/check.ts'
import type { Claim } from '../rules/claim.ts'
import type { Catalog } from '../sql/catalog.ts'
import { createdBy } from '../sql/prediction/created-by.ts'
import { predict } from '../sql/prediction/predict.ts'
import { markNew } from '../sql/reader/mark-new.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Statement } from '../sql/statement.ts'
import type { Finding } from './finding.ts'
import { findingOf } from './finding-of.ts'
import { judge } from './judge.ts'
import { withMeasuredWords } from './measured-words.ts'
import type { ReviewedScript, ReviewParts } from './review.ts'
import { suppress } from './suppress.ts'

/** What a script is reviewed against. */
export interface Surroundings {
  clone: Clone | undefined
  /** What the clone holds before the script. */
  catalog: Catalog | undefined
  /** Keys of relations that earlier scripts of the same change created. */
  created: ReadonlySet<string>
  /** Does the clone hold all that came before? Without it, a missing table says nothing about the change. */
  baseIsWhole: boolean
}

export interface ScriptReview {
  reviewed: ReviewedScript
  findings: Finding[]
  /** Relations this script creates. */
  created: string[]
  /** What the clone holds after it. */
  catalog: Catalog | undefined
}

/** Reads a script, predicts and measures its effects, and judges what the rules claim of it. */
export async function reviewScript(script: Script, around: Surroundings, parts: ReviewParts, signal: AbortSignal): Promise<ScriptReview> {
  const { clone, created } = around
  const read = markNew(await readScript(script.sql, script.transaction), created)
  const run = clone && (await measureScript(clone, read, script.transaction, { catalog: around.catalog }, signal))
  const statements = predictAll(read, around, run?.catalogs, parts.postgres)
  const scene = { statements: statements.map(({ statement }) => statement), postgres: parts.postgres, before: around.catalog, after: run?.after }
}
