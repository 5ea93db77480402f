import { setTimeout as sleep } from 'node:timers/promises'
import type { Serving } from '../../fixtures/serving.ts'
import { deviations, finalState, isLost } from './outcome.ts'
import type { Scene } from './scene.ts'
import { type Answer, sendBurst } from './sender.ts'

/** One burst and what came of it. */
export interface Round {
  deliveries: number
  answers: Answer[]
  /** As /metrics counts them, of this burst: `queued`, `duplicate`, `ignored`, … */
  outcomes: Record<string, number>
  /** From the first delivery until nothing is left to do. */
  seconds: number
  /** Of processor time, in all processes of the service and what they ran. */
  cpuSeconds: number
  /** Asked of /metrics while it worked. */
  slowestMetricsMs: number
  failed: number
  /** Asked of forges, by the API and by git. */
  requests: { api: number; git: number }
  reviews: number
  log: { lines: number; bytes: number; warnings: string[] }
  deviations: string[]
  lost: string[]
  states: string[]
  /** Megabytes of each process. */
  memory: number[]
}

const IDLE_MS = 1_500
const POLL_MS = 250
const LONGEST_MS = 20 * 60_000

export async function runRound(scene: Scene, processes: readonly Serving[]): Promise<Round> {
  const web = processes.find(({ url }) => url !== '') as Serving
  const webhooks = await scene.burst()
  const before = { ...(await readMetrics(web.url)), ...sums(scene, processes) }
  const started = performance.now()
  const answers = await sendBurst(web.url, webhooks)
  let slowestMetricsMs = 0
  let last = started
  for (;;) {
    const asked = performance.now()
    const { jobs } = await readMetrics(web.url)
    slowestMetricsMs = Math.max(slowestMetricsMs, performance.now() - asked)
    if ((jobs.waiting ?? 0) + (jobs.running ?? 0) > 0) last = performance.now()
    if (performance.now() - last > IDLE_MS || asked - started > LONGEST_MS) break
    await sleep(POLL_MS)
  }
  const now = { ...(await readMetrics(web.url)), ...sums(scene, processes) }
  return {
    deliveries: webhooks.length,
    answers,
    outcomes: Object.fromEntries(Object.entries(now.webhooks).map(([name, count]) => [name, count - (before.webhooks[name] ?? 0)])),
    seconds: (last - started) / 1000,
    cpuSeconds: now.cpu - before.cpu,
    slowestMetricsMs,
    failed: (now.jobs.failed ?? 0) - (before.jobs.failed ?? 0),
    requests: { api: now.api - before.api, git: now.git - before.git },
    reviews: now.reviews - before.reviews,
    log: { lines: now.lines - before.lines, bytes: now.bytes - before.bytes, warnings: now.warnings.slice(before.warnings.length) },
    deviations: scene.changes.flatMap(deviations),
    lost: scene.changes.filter(isLost).map(({ ref }) => `${ref.forge} ${ref.repository} ${ref.number}`),
    states: scene.changes.map(finalState),
    memory: processes.map((process) => process.memory()),
  }
}

function sums({ forges }: Scene, processes: readonly Serving[]) {
  const requests = forges.flatMap((stub) => stub.requests)
  const git = requests.filter(({ path }) => /\.git\//.test(path)).length
  const logs = processes.map((process) => process.logged())
  return {
    cpu: processes.reduce((sum, process) => sum + process.cpu(), 0),
    git,
    api: requests.length - git,
    reviews: logs.reduce((sum, { reviews }) => sum + reviews, 0),
    lines: logs.reduce((sum, { lines }) => sum + lines, 0),
    bytes: logs.reduce((sum, { bytes }) => sum + bytes, 0),
    warnings: logs.flatMap(({ warnings }) => warnings),
  }
}

async function readMetrics(url: string): Promise<{ webhooks: Record<string, number>; jobs: Record<string, number> }> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const webhooks: Record<string, number> = {}
  const jobs: Record<string, number> = {}
  for (const [, outcome = '', count] of text.matchAll(/^pgwitness_webhooks_total\{.*outcome="(\w+)".*\} (\d+)$/gm))
    webhooks[outcome] = (webhooks[outcome] ?? 0) + Number(count)
  for (const [, state = '', count] of text.matchAll(/^pgwitness_jobs\{state="(\w+)"\} (\d+)$/gm)) jobs[state] = Number(count)
  return { webhooks, jobs }
}
