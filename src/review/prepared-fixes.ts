import type { Clone } from '../clones/clone.ts'
import { inBatches } from '../rules/batches.ts'
import type { Claim } from '../rules/claim.ts'
import type { Catalog } from '../sql/catalog.ts'
import { readScript } from '../sql/reader/read-script.ts'

/**
 * The claims whose rule offers batches (`fix: { batches: true }`), with the statement rewritten so. It is shown only when it parses again and
 * Postgres can prepare it on the clone, so without a clone it is not offered.
 */
export async function withPreparedFixes(
  claims: readonly Claim[],
  clone: Clone | undefined,
  catalog: Catalog | undefined,
  signal: AbortSignal,
): Promise<Claim[]> {
  if (!clone || !catalog) return [...claims]
  return await Promise.all(
    claims.map(async (claim) => {
      if (!claim.rule.fix?.batches || !claim.fix) return claim
      const rewritten = await batchesOf(claim, catalog)
      if (rewritten === undefined || !(await canPrepare(rewritten, clone, signal))) return claim
      return { ...claim, fix: { ...claim.fix, steps: [`${HOW_OFTEN}\n${rewritten}`] } }
    }),
  )
}

const HOW_OFTEN = '-- Repeat until it returns no row, each time with the greatest key of the run before for $1.'

async function batchesOf({ statement, operation }: Claim, catalog: Catalog): Promise<string | undefined> {
  const constraints = catalog.relations.get(operation.table?.key ?? '')?.constraints ?? []
  const [key, ...others] = constraints.find(({ type }) => type === 'primary key')?.columns ?? []
  return key !== undefined && others.length === 0 ? await inBatches(statement.text, key) : undefined
}

async function canPrepare(sql: string, clone: Clone, signal: AbortSignal): Promise<boolean> {
  const [statement] = await readScript(sql)
  if (!statement || statement.syntaxError) return false
  const { error } = await clone.run(`prepare pgwitness_fix as ${sql}`, signal)
  if (!error) await clone.run('deallocate pgwitness_fix', signal)
  return !error
}
