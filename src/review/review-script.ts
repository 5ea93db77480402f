import type { Clone } from '../clones/clone.ts'
import { measureScript } from '../experiments/effects.ts'
import type { Measurement } from '../experiments/measurement.ts'
import type { Script } from '../extractors/script.ts'
import { check } from '../rules/check.ts'
import type { Claim, Scene } from '../rules/claim.ts'
import type { Catalog } from '../sql/catalog.ts'
import { markNew } from '../sql/reader/mark-new.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Statement } from '../sql/statement.ts'
import type { Finding } from './finding.ts'
import { findingOf } from './finding-of.ts'
import { judge, type Witness } from './judge.ts'
import { withMeasuredWords } from './measured-words.ts'
import { predictAll } from './predict-all.ts'
import { withPreparedFixes } from './prepared-fixes.ts'
import { claimsOfRows, type QueryRows, runQueryRules } from './query-rules.ts'
import type { ReviewedScript, ReviewParts } from './review.ts'
import { type Placed, suppress } from './suppress.ts'
import { worthTelling } from './worth-telling.ts'

/** What a script is reviewed against. */
export interface Surroundings {
  clone: Clone | undefined
  /** What the clone holds before the script, and what the rules' queries found in it. */
  catalog: Catalog | undefined
  rows: QueryRows | undefined
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
  rows: QueryRows | undefined
  notes: string[]
}

/** Reads a script, predicts and measures its effects, and judges what the rules claim of it. */
export async function reviewScript(script: Script, around: Surroundings, parts: ReviewParts, signal: AbortSignal): Promise<ScriptReview> {
  const { clone, created } = around
  const read = markNew(await readScript(script.sql, script.transaction), created)
  const run = clone && (await measureScript(clone, read, script.transaction, { catalog: around.catalog }, signal))
  const predicted = predictAll(read, { catalogs: run?.catalogs, before: around.catalog, created, postgres: parts.postgres })
  const scene = { statements: predicted.statements, postgres: parts.postgres, before: around.catalog, after: run?.after }
  const rows = clone && (await runQueryRules(parts.rules, clone, parts.postgres))
  const judged = await judgeAll(script, scene, run?.measurements, { ...around, rowsAfter: rows }, parts, signal)
  return {
    reviewed: {
      script,
      statements: scene.statements.map((statement, index) => ({
        statement,
        predicted: predicted.effects[index] ?? { locks: [], rewrites: [], scans: [], builds: [] },
        measurement: run?.measurements[index],
      })),
    },
    findings: suppress(judged, script, scene.statements, parts.known, parts.rules),
    created: predicted.created,
    catalog: run?.after ?? around.catalog,
    rows,
    notes: rows?.notes ?? [],
  }
}

type Measured = Surroundings & { rowsAfter: QueryRows | undefined }

async function judgeAll(
  script: Script,
  scene: Scene,
  measurements: Measurement[] | undefined,
  around: Measured,
  parts: ReviewParts,
  signal: AbortSignal,
): Promise<Placed[]> {
  const { clone, rows, rowsAfter, created } = around
  const claims = await check(scene, parts.rules)
  const asMeasured = measurements && withMeasuredWords(scene.statements, measurements, (relation) => created.has(relation))
  const again = asMeasured ? await check({ ...scene, statements: asMeasured }, parts.rules) : []
  const seen = new Map(again.map((claim) => [keyOf(claim), claim]))
  const foreseen = new Set(claims.map(keyOf))
  const ofRows = rows && rowsAfter ? claimsOfRows(parts.rules, rows, rowsAfter, scene.statements) : []
  const all = [...claims, ...again.filter((claim) => !foreseen.has(keyOf(claim))), ...ofRows]
  const told = worthTelling(all, measurements, around.baseIsWhole)
  const fixed = await withPreparedFixes(told, clone, scene.before, signal)

  const occurrences = new Map<string, number>()
  return fixed.map((claim) => {
    const { statement } = claim
    const witness: Witness = {
      measurement: measurements?.[statement.index],
      measured: seen.get(keyOf(claim))?.operation ?? asMeasured?.[statement.index]?.operations[operationIndex(claim)],
      seenAgain: seen.has(keyOf(claim)),
      clone: clone && `${clone.provider} Postgres ${clone.version}`,
      postgres: parts.postgres,
    }
    return { finding: findingOf(script, claim, judge(claim, witness, parts.nextEvidenceId), occurrences), statement: statement.index }
  })
}

/** The same claim made of predicted and of measured words. A rule that speaks once a script may point at another place the second time. */
function keyOf(claim: Claim): string {
  const { rule, statement, operation } = claim
  if (rule.once === 'script' || rule.once === 'change') return rule.id
  if (rule.once === 'transaction') return `${rule.id} ${operation.transaction.number}`
  return `${rule.id} ${statement.index} ${operationIndex(claim)}`
}

function operationIndex({ statement, operation }: Claim): number {
  return statement.operations.indexOf(operation)
}
