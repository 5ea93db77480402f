/** Which indexes a workload should have: what our advice leaves of its cost, beside that of the usual recipe. */
import { CONTESTANTS, type Contestant } from './index-trial/contestants.ts'
import { measureAdvice } from './index-trial/measure.ts'
import { type Result, renderEach, renderResults } from './index-trial/results.ts'
import { startTrialServer, type TrialServer, whatIsMissing } from './index-trial/server.ts'
import { SHOP } from './workloads/shop.ts'
import { TPCH } from './workloads/tpch.ts'
import type { Workload } from './workloads/workload.ts'

/** Prints a table for each workload; with `each`, also what was advised and the cost of each query. */
export async function benchIndexTrial(each = false): Promise<void> {
  const missing = whatIsMissing()
  if (missing !== undefined) {
    console.log(`indexes: ${missing}`)
    return
  }
  await using server = await startTrialServer()
  for (const workload of [TPCH, SHOP]) {
    const { seconds, megabytes } = await server.load(workload)
    console.log(`${workload.name}: ${workload.queries.length} queries; ${Math.round(megabytes)} MB loaded in ${seconds.toFixed(1)} s`)
    const results: Result[] = []
    for (const contestant of CONTESTANTS) results.push(await resultOf(server, workload, contestant))
    const lines = each ? [...renderEach(workload.queries, results), ...renderResults(results)] : renderResults(results)
    for (const line of lines) console.log(`  ${line}`)
  }
}

async function resultOf(server: TrialServer, workload: Workload, { name, advise }: Contestant): Promise<Result> {
  const { advice, seconds } = await server.onCopy(async (database) => {
    const started = performance.now()
    return { advice: await advise(database, workload), seconds: (performance.now() - started) / 1000 }
  })
  const measured = await server.onCopy(async (database) => await measureAdvice(database, workload, advice))
  return { name, advice, seconds, ...measured }
}
