import type { Evidence } from '../experiments/evidence.ts'
import type { Measurement } from '../experiments/measurement.ts'
import type { Claim } from '../rules/claim.ts'
import { meets } from '../rules/condition.ts'
import { type Effects, type LockMode, noEffects } from '../sql/effects.ts'
import type { Operation } from '../sql/operation.ts'
import { effectsInWords } from './effects-in-words.ts'
import type { Verdict } from './finding.ts'
import { shortList } from './lists.ts'
import { REJECTED_ROWS } from './rejected-rows.ts'

/** What a claim is held against. */
export interface Witness {
  measurement: Measurement | undefined
  /** The claim's operation with measured words in place of predicted ones; undefined when nothing was measured. */
  measured: Operation | undefined
  /** Did the rule make the same claim over the measured words? */
  seenAgain: boolean
  /** `embedded Postgres 18.6`; undefined without a clone. */
  clone: string | undefined
  /** It holds rows of somebody's. */
  hasRows: boolean
  postgres: number
}

export interface Judgement {
  verdict: Verdict
  /** Why the verdict is what it is, in a sentence; empty where the evidence says it all. */
  reason: string
  evidence: Evidence[]
}

/** A verdict by comparing what the rule claims with what the clone showed. */
export function judge(claim: Claim, witness: Witness, nextId: () => string): Judgement {
  const { rule } = claim
  const { measurement, clone } = witness
  if (rule.prove === 'none') return { verdict: 'suspected', reason: `Not tested: ${rule.unproved}.`, evidence: [] }
  if (rule.prove === 'rows') return byRows(claim, witness, nextId)
  if (rule.prove === 'grammar') return byGrammar(claim, nextId)
  if (rule.prove === 'catalog') return byCatalog(claim, witness, nextId)
  if (!clone || !measurement) return { verdict: 'suspected', reason: 'Not tested: there is no clone to run it on.', evidence: [] }
  if (rule.prove === 'outcome') return byOutcome(claim, measurement, witness, nextId)
  if (!measurement.effects) {
    return { verdict: 'suspected', reason: `Not tested: ${measurement.unmeasured ?? 'the statement was not run'}.`, evidence: [] }
  }
  const read = witness.seenAgain ? undefined : decidingTable(claim, measurement.effects)
  if (!read && rule.prove === 'change' && measurement.differences.length > 0) return byChange(claim, measurement, clone, nextId)
  const evidence = [effectsEvidence(claim, measurement, clone, nextId)]
  if (read) {
    return {
      verdict: 'suspected',
      reason: `Not tested: what the block runs may depend on the rows of ${read}, and the clone has none of production's.`,
      evidence,
    }
  }
  if (rule.prove === 'change') return { verdict: 'refuted', reason: 'It ran and changed nothing.', evidence }
  const seen = `when it ran: ${effectsInWords(measurement.effects)}`
  return witness.seenAgain ? { verdict: 'confirmed', reason: '', evidence } : { verdict: 'refuted', reason: `Not so ${seen}.`, evidence }
}

/** The first table that existed which a block read, as `schema.name`: a condition or a loop over it may lead elsewhere where it holds other rows. */
function decidingTable({ statement }: Claim, { locks }: Effects): string | undefined {
  if (!statement.operations.some(({ action, inside }) => action === 'do' || inside === 'do')) return undefined
  const named = new Set([...statement.text.toLowerCase().matchAll(FROM)].map(([, name]) => name))
  const isRead = (relation: string) => named.has(relation.split('.').at(-1)?.toLowerCase())
  return locks.find(({ kind, existed, mode, relation }) => kind === 'table' && existed && READS.has(mode) && isRead(relation))?.relation
}

const FROM = /\b(?:from|join)\s+(?:only\s+)?(?:"?[\w$]+"?\s*\.\s*)?"?([\w$]+)"?/g

const READS = new Set<LockMode>(['AccessShareLock', 'RowShareLock'])

function byOutcome(claim: Claim, measurement: Measurement, { measured, clone, postgres }: Witness, nextId: () => string): Judgement {
  const { error, notices } = measurement
  const expected = measured && meets(claim.rule.expect ?? {}, measured, [measured], { postgres })
  const warning = notices.find(({ severity }) => severity === 'WARNING')
  const said = error ?? warning
  const evidence: Evidence[] = [
    {
      id: nextId(),
      kind: 'outcome',
      clone: clone ?? '',
      code: said?.code ?? null,
      message: said?.message ?? 'succeeded',
      summary: said ? `${error ? 'ERROR' : 'WARNING'} ${said.code}: ${said.message}` : 'It ran without an error.',
      reproduce: claim.statement.text,
    },
  ]
  if (expected) return { verdict: 'confirmed', reason: '', evidence }
  if (error && measurement.blockedBy === undefined) {
    return { verdict: 'suspected', reason: `Not tested: it failed for another reason (${error.message}).`, evidence }
  }
  if (error) return { verdict: 'suspected', reason: 'Not tested: an earlier statement of its transaction failed.', evidence: [] }
  if (claim.rule.inconclusive)
    return { verdict: 'suspected', reason: `It ran without that error, which proves nothing: ${claim.rule.inconclusive}.`, evidence }
  return { verdict: 'refuted', reason: 'It ran without that error.', evidence }
}

/** What rows break is told by rows: those of the clone. */
function byRows(claim: Claim, { measurement, clone, hasRows }: Witness, nextId: () => string): Judgement {
  if (!hasRows || !measurement) return { verdict: 'suspected', reason: `Not tested: ${claim.rule.unproved}.`, evidence: [] }
  const { error } = measurement
  const evidence: Evidence = {
    id: nextId(),
    kind: 'outcome',
    clone: clone ?? '',
    code: error?.code ?? null,
    message: error?.message ?? 'succeeded',
    summary: error ? `ERROR ${error.code}: ${error.message}` : 'It ran on the rows of the clone without an error.',
    reproduce: claim.statement.text,
  }
  if (!error) return { verdict: 'refuted', reason: 'It ran on the rows of the clone: none is in its way.', evidence: [evidence] }
  if (REJECTED_ROWS.has(error.code)) return { verdict: 'confirmed', reason: '', evidence: [evidence] }
  return { verdict: 'suspected', reason: `Not tested: it failed for another reason (${error.message}).`, evidence: [evidence] }
}

/** What is different in the catalog since it ran. */
function byChange({ statement }: Claim, { differences }: Measurement, clone: string, nextId: () => string): Judgement {
  const evidence: Evidence = {
    id: nextId(),
    kind: 'catalog',
    clone,
    rows: [],
    summary: shortList(differences, 3),
    reproduce: statement.text,
  }
  return { verdict: 'confirmed', reason: '', evidence: [evidence] }
}

/** Postgres's grammar needs no database. */
function byGrammar({ statement }: Claim, nextId: () => string): Judgement {
  const message = statement.syntaxError?.message ?? 'it does not parse'
  const evidence: Evidence = {
    id: nextId(),
    kind: 'outcome',
    clone: "Postgres 18's grammar",
    code: '42601',
    message,
    summary: `ERROR 42601: ${message}`,
    reproduce: statement.text,
  }
  return { verdict: 'confirmed', reason: '', evidence: [evidence] }
}

/** A detector that read the catalog is sure of what it read. */
function byCatalog(claim: Claim, { clone, measurement }: Witness, nextId: () => string): Judgement {
  if (!clone) return { verdict: 'suspected', reason: 'Not tested: there is no clone whose catalog would show it.', evidence: [] }
  if (measurement && !measurement.effects && measurement.error) {
    return { verdict: 'suspected', reason: `Not tested: the statement failed (${measurement.error.message}).`, evidence: [] }
  }
  const evidence: Evidence = {
    id: nextId(),
    kind: 'catalog',
    clone,
    rows: [],
    summary: 'read from the catalog after the script ran',
    reproduce: claim.statement.text,
  }
  return { verdict: 'confirmed', reason: '', evidence: [evidence] }
}

function effectsEvidence(claim: Claim, measurement: Measurement, clone: string, nextId: () => string): Evidence {
  const effects = measurement.effects ?? noEffects()
  return {
    id: nextId(),
    kind: 'effects',
    clone,
    effects,
    summary: `${effectsInWords(effects)}${measurement.unmeasured ? ` (${measurement.unmeasured})` : ''}`,
    reproduce: `begin;\n${claim.statement.text};\nselect relation::regclass, mode from pg_locks where pid = pg_backend_pid() and relation is not null;\nrollback;`,
  }
}
