import type { Operation } from '../sql/operation.ts'
import { spliceAfter } from '../sql/reader/splice.ts'
import type { Statement } from '../sql/statement.ts'
import type { Claim, ClaimFix, Scene, Sighting } from './claim.ts'
import { actionsOf, meets } from './condition.ts'
import { detectors } from './detectors/index.ts'
import { fill, fillSql, isFillable } from './fill.ts'
import { isPartitioned } from './known-table.ts'
import { holdsFor, type Rule } from './rule.ts'
import { columnOf, sqlWords } from './sql-words.ts'

/** Every claim the rules make of a script, in the order of its statements. Rules that query a clone are left to the review. */
export async function check(scene: Scene, rules: readonly Rule[]): Promise<Claim[]> {
  const written = placesOf(scene)
  const { ran, origin } = withoutBodies(scene)
  const places = ran === scene ? written : placesOf(ran)
  const sightings: Array<{ rule: Rule; sighting: Sighting }> = []
  for (const rule of rules) {
    if (!holdsFor(rule, scene.postgres)) continue
    const found = sightingsOf(rule, ran, rule.when && 'inside' in rule.when ? written : places)
    for (const sighting of thinOut(rule, found)) sightings.push({ rule, sighting: { ...sighting, statement: origin(sighting.statement) } })
  }
  sightings.sort((a, b) => a.sighting.statement.index - b.sighting.statement.index)
  return Promise.all(sightings.map(({ rule, sighting }) => claimOf(scene, rule, sighting)))
}

/**
 * The scene as it runs: a function that is only defined does not run its body. Detectors that are about bodies find them in `written`,
 * a condition when it speaks of `inside`.
 */
function withoutBodies(scene: Scene): { ran: Scene; origin: (statement: Statement) => Statement } {
  const origins = new Map<Statement, Statement>()
  const statements = scene.statements.map((statement) => {
    if (!statement.operations.some(isInFunction)) return statement
    const ran = { ...statement, operations: statement.operations.filter((operation) => !isInFunction(operation)) }
    origins.set(ran, statement)
    return ran
  })
  const ran = origins.size > 0 ? { ...scene, statements, written: scene.statements } : scene
  return { ran, origin: (statement) => origins.get(statement) ?? statement }
}

function isInFunction({ inside }: Operation): boolean {
  return inside === 'function'
}

/** The operations of a script with their statements, and by action: most rules are about one, and most scripts hold few. */
interface Places {
  operations: Operation[]
  all: Sighting[]
  byAction: Map<string, Sighting[]>
}

function placesOf({ statements }: Scene): Places {
  const all = statements.flatMap((statement) => statement.operations.map((operation) => ({ statement, operation })))
  return { operations: all.map(({ operation }) => operation), all, byAction: Map.groupBy(all, ({ operation }) => operation.action) }
}

function sightingsOf({ id, when, detect }: Rule, scene: Scene, { operations, all, byAction }: Places): Sighting[] {
  if (when) {
    const actions = actionsOf(when)
    const candidates = actions.length > 0 ? actions.flatMap((action) => byAction.get(action) ?? []) : all
    const found = candidates.filter(({ operation }) => meets(when, operation, operations, scene))
    return actions.length > 1 ? found.sort((a, b) => a.operation.number - b.operation.number) : found
  }
  if (detect === undefined) return []
  const detector = detectors[detect]
  if (!detector) throw new Error(`${id} names no detector: ${detect}`)
  return detector(scene)
}

/** `once: transaction` keeps the first sighting of each transaction, `once: script` the first of all; `once: change` is finished by the review. */
function thinOut(rule: Rule, sightings: Sighting[]): Sighting[] {
  if (rule.once === 'operation' || sightings.length === 0) return sightings
  const seen = new Set<number>()
  return sightings.filter(({ operation }) => {
    const key = rule.once === 'transaction' ? operation.transaction.number : 0
    return !seen.has(key) && seen.add(key)
  })
}

async function claimOf(scene: Scene, rule: Rule, sighting: Sighting): Promise<Claim> {
  const { statement, operation, values } = sighting
  const words = { ...operation, column: columnOf(operation, statement), ...values }
  const fix = await fixOf(scene, rule, sighting)
  return { rule, statement, operation, message: fill(rule.message, words), why: fill(rule.why, words).trim(), ...(fix && { fix }) }
}

async function fixOf(scene: Scene, { fix }: Rule, { statement, operation, values, steps }: Sighting): Promise<ClaimFix | undefined> {
  if (!fix) return undefined
  const subject = { ...operation, column: columnOf(operation, statement) } as Operation
  const words = { ...subject, ...sqlWords(operation, statement), ...values }
  const replacement = fix.insert && fix.after && !steps ? await spliceAfter(statement.text, fix.after, fix.insert) : undefined
  const own = fix.steps?.flatMap((step) => {
    if (typeof step === 'string') return [step]
    return meets(step.when, subject, [subject], scene) ? [step.sql] : []
  })
  // Steps with a placeholder the statement leaves unsaid, or with an expression among its columns, are not offered.
  const isFit = own?.length && own.every((step) => isFillable(step, words)) && !isRefused(scene, operation, own)
  const filled = isFit ? own.map((step) => fillSql(step, words)) : undefined
  const offered = steps ?? filled
  const text =
    fill(fix.text, words).trim() +
    (filled && hasOtherParts(statement, operation) ? ' The steps replace this part of the statement; the rest of it stays.' : '')
  return { text, ...(replacement !== undefined && { replacement }), ...(offered && { steps: offered }) }
}

/** Partitioned tables take neither a concurrent build nor a constraint over an index, and before 18 no foreign key NOT VALID. */
function isRefused(scene: Scene, { table, constraint }: Operation, steps: readonly string[]): boolean {
  if (!isPartitioned(scene, table?.key)) return false
  const takesUnvalidated = constraint?.type !== 'foreign key' || scene.postgres >= 18
  return steps.some((step) => /\b(concurrently|using index)\b/.test(step) || (!takesUnvalidated && step.endsWith(' not valid')))
}

/** Does the statement do more than this operation and the constraints written on its column? */
function hasOtherParts({ operations }: Statement, operation: Operation): boolean {
  return operations.some((other) => other !== operation && !(operation.column && other.column?.name === operation.column.name))
}
