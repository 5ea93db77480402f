import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ForgeName } from '../forges/forge.ts'
import type { QueueCounts } from '../queue/queue.ts'
import type { Outcome } from './webhooks.ts'

/** What /metrics tells. docs/service.md lists it. */
export interface Metrics {
  webhook(forge: ForgeName, outcome: Outcome): void
  /** `state` is `done` or `failed`. */
  job(kind: string, state: 'done' | 'failed', seconds: number): void
  forgeRequest(forge: ForgeName, status: number): void
  read(): Promise<{ type: string; text: string }>
}

export function newMetrics(counts: () => Promise<QueueCounts>): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const webhooks = new Counter({
    name: 'pgwitness_webhooks_total',
    help: 'Webhooks received, by forge and by what became of them.',
    labelNames: ['forge', 'outcome'],
    registers,
  })
  const jobs = new Histogram({
    name: 'pgwitness_job_seconds',
    help: 'How long jobs took, by kind and by how they ended.',
    labelNames: ['kind', 'state'],
    buckets: [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900],
    registers,
  })
  const requests = new Counter({
    name: 'pgwitness_forge_requests_total',
    help: 'Requests to forges, by the status of the answer; 0 when there was none.',
    labelNames: ['forge', 'status'],
    registers,
  })
  new Gauge({
    name: 'pgwitness_jobs',
    help: 'Jobs in the queue, by state.',
    labelNames: ['state'],
    registers,
    async collect() {
      this.reset()
      // What else there is to tell is wanted most when storage is away.
      const known = await counts().catch(() => ({}))
      for (const [state, count] of Object.entries(known)) this.set({ state }, count)
    },
  })
  return {
    webhook: (forge, outcome) => webhooks.inc({ forge, outcome }),
    job: (kind, state, seconds) => jobs.observe({ kind, state }, seconds),
    forgeRequest: (forge, status) => requests.inc({ forge, status }),
    read: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  }
}
