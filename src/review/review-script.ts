import type { Clone, Step } from '../clones/clone.ts'
import { measureScript } from '../experiments/effects.ts'
import type { Measurement } from '../experiments/measurement.ts'
import type { Script } from '../extractors/script.ts'
import { check } from '../rules/check.ts'
import type { Claim, Scene } from '../rules/claim.ts'
import type { Catalog } from '../sql/catalog.ts'
import { noEffects } from '../sql/effects.ts'
import { markNew } from '../sql/reader/mark-new.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Statement } from '../sql/statement.ts'
import { findingOf } from './finding-of.ts'
import { judge, type Witness } from './judge.ts'
import { withMeasuredWords } from './measured-words.ts'
import { predictAll } from './predict-all.ts'
import { withPreparedFixes } from './prepared-fixes.ts'
import type { ReviewedScript, ReviewParts } from './review.ts'
import type { Placed } from './suppress.ts'
import { lacksSomething, worthTelling } from './worth-telling.ts'

/** What a script is reviewed against. */
export interface Surroundings {
  clone: Clone | undefined
  /** What the clone holds before the script. */
  catalog: Catalog | undefined
  /** What ran on the clone since its base. What this script runs is added. */
  ran: Step[][]
  /** Keys of relations that earlier scripts of the same change created. */
  created: ReadonlySet<string>
  /** Statements of earlier scripts of the same change. */
  earlier?: readonly Statement[]
  /** Does the clone hold all that came before? Without it, a missing table says nothing about the change. */
  baseIsWhole: boolean
}

export interface ScriptReview {
  reviewed: ReviewedScript
  /** What the rules saw. */
  scene: Scene
  /** Findings before ignore comments and the baseline are applied. */
  placed: Placed[]
  /** Keys of what the change created so far and did not drop. */
  created: ReadonlySet<string>
  /** What the clone holds after it. */
  catalog: Catalog | undefined
}

/** Reads a script, predicts and measures its effects, and judges what the rules claim of it. */
export async function reviewScript(script: Script, around: Surroundings, parts: ReviewParts, signal: AbortSignal): Promise<ScriptReview> {
  const { clone, created } = around
  const read = markNew(await readScript(script.sql, script.transaction), created)
  const run = clone && (await measureScript(clone, read, script.transaction, { catalog: around.catalog, ran: around.ran }, signal))
  const predicted = predictAll(read, {
    catalogs: run?.catalogs.map((catalog, index) => (around.baseIsWhole || !lacksSomething(run.measurements[index]) ? catalog : undefined)),
    before: around.catalog,
    created,
    postgres: parts.postgres,
    ...(around.earlier && { earlier: around.earlier }),
  })
  const scene = { statements: predicted.statements, postgres: parts.postgres, before: around.catalog, after: run?.after }
  const placed = await judgeAll(script, scene, run?.measurements, around, parts, signal)
  return {
    reviewed: {
      script,
      statements: scene.statements.map((statement, index) => ({
        statement,
        predicted: predicted.effects[index] ?? noEffects(),
        measurement: run?.measurements[index],
      })),
    },
    scene,
    placed,
    created: new Set(predicted.created),
    catalog: run?.after ?? around.catalog,
  }
}

async function judgeAll(
  script: Script,
  scene: Scene,
  measurements: Measurement[] | undefined,
  around: Surroundings,
  parts: ReviewParts,
  signal: AbortSignal,
): Promise<Placed[]> {
  const { clone, created } = around
  const claims = await check(scene, parts.rules)
  const asMeasured = measurements && withMeasuredWords(scene.statements, measurements, (relation) => created.has(relation))
  const again = asMeasured ? await check({ ...scene, statements: asMeasured }, parts.rules) : []
  const seen = new Map(again.map((claim) => [keyOf(claim), claim]))
  const foreseen = new Set(claims.map(keyOf))
  const all = [...claims, ...again.filter((claim) => !foreseen.has(keyOf(claim)))]
  const told = worthTelling(all, measurements, around.baseIsWhole)
  const fixed = await withPreparedFixes(told, clone, scene.before, signal)

  const audience = { occurrences: new Map<string, number>(), postgres: parts.postgres }
  return fixed.map((claim) => {
    const { statement } = claim
    const witness: Witness = {
      measurement: measurements?.[statement.index],
      measured: seen.get(keyOf(claim))?.operation ?? asMeasured?.[statement.index]?.operations[operationIndex(claim)],
      seenAgain: seen.has(keyOf(claim)),
      clone: clone && nameOf(clone),
      hasRows: clone?.data === 'rows',
      postgres: parts.postgres,
    }
    return { finding: findingOf(script, claim, judge(claim, witness, parts.nextEvidenceId), audience), statement: statement.index }
  })
}

/** A claim made of rows that a rule's query found is settled by them. */
export function judgeRows(script: Script, claim: Claim, clone: Clone, parts: ReviewParts): Placed {
  const witness: Witness = {
    measurement: undefined,
    measured: undefined,
    seenAgain: true,
    clone: nameOf(clone),
    hasRows: clone.data === 'rows',
    postgres: parts.postgres,
  }
  const audience = { occurrences: new Map<string, number>(), postgres: parts.postgres }
  return { finding: findingOf(script, claim, judge(claim, witness, parts.nextEvidenceId), audience), statement: claim.statement.index }
}

export function nameOf({ provider, version }: Pick<Clone, 'provider' | 'version'>): string {
  return `${provider} Postgres ${version}`
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
