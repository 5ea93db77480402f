import { expect, test } from 'vitest'
import { newMetrics } from '../src/web/metrics.ts'

test('metrics are told while storage is away, and not what was true before', async () => {
  let isAway = false
  const metrics = newMetrics(async () => {
    if (isAway) throw new Error('away')
    return { waiting: 3, running: 1, failed: 0 }
  })
  metrics.webhook('github', 'queued')
  expect((await metrics.read()).text).toContain('pgwitness_jobs{state="waiting"} 3')
  isAway = true
  const { text } = await metrics.read()
  expect(text).toContain('pgwitness_webhooks_total{forge="github",outcome="queued"} 1')
  expect(text).not.toContain('pgwitness_jobs{')
})
