import type { Clone, ProviderName, SkippedBase, Step } from '../clones/clone.ts'
import { ServiceError } from '../errors.ts'
import { readCatalog } from '../experiments/read-catalog.ts'
import { check } from '../rules/check.ts'
import type { Rule } from '../rules/rule.ts'
import type { Catalog } from '../sql/catalog.ts'
import type { Statement } from '../sql/statement.ts'
import { applyScript, baseOf } from './base.ts'
import { deepen } from './deepen.ts'
import type { Finding } from './finding.ts'
import type { Stack } from './plan.ts'
import { claimsOfRows, type QueryRows, runQueryRules } from './query-rules.ts'
import type { ReviewedScript, ReviewParts } from './review.ts'
import { judgeRows, reviewScript, type ScriptReview } from './review-script.ts'
import { suppress } from './suppress.ts'

/** What one database's scripts gave. */
export interface StackReview {
  scripts: ReviewedScript[]
  findings: Finding[]
  /** What it ran on, which an automatic choice leaves open until then. */
  clone: ProviderName | null
  cloneVersion: string | null
  skippedBase: SkippedBase[]
  notes: string[]
}

/** Reviews the scripts of a stack in order, on a clone that holds its base when there are clones. */
export async function reviewStack(stack: Stack, parts: ReviewParts, signal: AbortSignal): Promise<StackReview> {
  if (!parts.clones) return await reviewSteps(stack, undefined, parts, signal)
  parts.progress('starting Postgres and replaying the base')
  await using clone = await parts.clones.create(await baseOf(stack), signal)
  return await reviewSteps(stack, clone, parts, signal)
}

async function reviewSteps(stack: Stack, clone: Clone | undefined, parts: ReviewParts, signal: AbortSignal): Promise<StackReview> {
  const ran: Step[][] = []
  const before = await rowsOf(clone, parts.rules, parts, ran, signal)
  const walked = await walk(stack, clone, ran, parts, signal)
  const { reviews, skippedBase, late } = walked
  if (parts.each === 'change') await leaveOutMended(reviews, walked.catalog, parts)
  const answered = parts.rules.filter(({ id }) => before.rows.has(id))
  const after = await rowsOf(clone, answered, parts, ran, signal)
  if (clone) addRowClaims(reviews, before, after, clone, parts)
  const placements = reviews.map((review, index) => ({
    review,
    ranBefore: walked.ranBefore[index] ?? 0,
    before: stack.steps.slice(0, walked.places[index]).map(({ script }) => script.path),
  }))
  const further = clone && parts.budgetMs > 0 ? await deepen(placements, clone, ran, parts, signal) : []
  return {
    scripts: reviews.map(({ reviewed }) => reviewed),
    findings: reviews.flatMap(({ reviewed, placed }) => {
      const statements = reviewed.statements.map(({ statement }) => statement)
      return suppress(placed, reviewed.script, statements, parts.known, parts.rules)
    }),
    clone: clone?.provider ?? null,
    cloneVersion: clone?.version ?? null,
    skippedBase,
    notes: [
      ...(clone?.notes ?? []),
      ...(late === undefined ? [] : [`time was up before ${late}: it and what follows were not run (limits.reviewSeconds)`]),
      ...reviews.flatMap(({ reviewed: { script } }) => script.notes.map((note) => `${script.path}: ${note}`)),
      ...before.notes,
      ...after.notes,
      ...further,
    ],
  }
}

/** How far the steps of a stack have come. */
interface Walk {
  reviews: ScriptReview[]
  /** How much had run before each of them. */
  ranBefore: number[]
  /** Where each of them is in the stack. */
  places: number[]
  skippedBase: SkippedBase[]
  /** What the clone holds now. */
  catalog: Catalog | undefined
  /** The first script that came after the deadline. */
  late: string | undefined
}

async function walk(stack: Stack, clone: Clone | undefined, ran: Step[][], parts: ReviewParts, signal: AbortSignal): Promise<Walk> {
  const now: Walk = {
    reviews: [],
    ranBefore: [],
    places: [],
    skippedBase: [...(clone?.skipped ?? [])],
    catalog: clone && (await readCatalog(clone)),
    late: undefined,
  }
  const earlier: Statement[] = []
  let created: ReadonlySet<string> = new Set()
  for (const [index, { script, reviewed, known = parts.each === 'script' }] of stack.steps.entries()) {
    parts.progress(`${index + 1}/${stack.steps.length} ${script.path}`)
    if (clone && performance.now() > parts.deadline) now.late ??= script.path
    const running = now.late === undefined ? clone : undefined
    if (!reviewed) {
      if (running) now.catalog = await applyScript(script, running, { skipped: now.skippedBase, ran }, signal)
      continue
    }
    const around = {
      clone: running,
      catalog: running && now.catalog,
      ran,
      earlier: running ? NO_STATEMENTS : earlier,
      created: known ? NOTHING : created,
      baseIsWhole: stack.baseIsWhole && now.skippedBase.length === 0,
    }
    now.ranBefore.push(ran.length)
    now.places.push(index)
    const one = await reviewScript(script, around, parts, signal)
    now.reviews.push(one)
    earlier.push(...one.scene.statements)
    if (!known) created = one.created
    if (running) now.catalog = one.catalog
  }
  return now
}

/** What the catalog showed after a script may be mended by a later one of the change: the index of a foreign key, the policy of a table. */
async function leaveOutMended(reviews: readonly ScriptReview[], after: Catalog | undefined, parts: ReviewParts): Promise<void> {
  const rules = parts.rules.filter(({ prove, detect }) => prove === 'catalog' && detect !== undefined)
  const settled = new Set(rules.map(({ id }) => id))
  for (const review of reviews.slice(0, -1)) {
    if (!after || !review.placed.some(({ finding }) => settled.has(finding.rule))) continue
    const still = new Set((await check({ ...review.scene, after }, rules)).map(({ rule, statement }) => `${rule.id} ${statement.index}`))
    review.placed = review.placed.filter(
      ({ finding, statement }) => !settled.has(finding.rule) || still.has(`${finding.rule} ${statement}`),
    )
  }
}

const NOTHING: ReadonlySet<string> = new Set()
const NO_STATEMENTS: readonly Statement[] = []

/** Queries cost more than all other rules together, so they are asked at the two ends of a stack and not around each script. */
async function rowsOf(
  clone: Clone | undefined,
  rules: readonly Rule[],
  { postgres }: ReviewParts,
  ran: readonly Step[][],
  signal: AbortSignal,
): Promise<QueryRows> {
  try {
    return clone ? await runQueryRules(rules, clone, postgres, ran, signal) : { rows: new Map(), notes: [] }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return { rows: new Map(), notes: [`rules that query the catalog were not asked: ${error.message}`] }
  }
}

function addRowClaims(reviews: readonly ScriptReview[], before: QueryRows, after: QueryRows, clone: Clone, parts: ReviewParts): void {
  const statements = reviews.flatMap(({ reviewed }) => reviewed.statements.map(({ statement }) => statement))
  for (const claim of claimsOfRows(parts.rules, before, after, statements)) {
    const home = reviews.find(({ reviewed }) => reviewed.statements.some(({ statement }) => statement === claim.statement))
    if (home) home.placed.push(judgeRows(home.reviewed.script, claim, clone, parts))
  }
}
