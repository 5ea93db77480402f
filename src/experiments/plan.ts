import { z } from 'zod'
import type { Experiment } from './experiment.ts'
import { explain, oneQuery } from './plans/explain.ts'
import { withoutLiterals } from './plans/masking.ts'
import type { PlanClaim } from './plans/plan-claim.ts'
import { claimsOf } from './plans/plan-claims.ts'
import type { Plan } from './plans/plan-node.ts'
import { renderPlan } from './plans/render-plan.ts'

const Input = z.strictObject({
  query: z.string().describe('One query; its parameters are $1, $2 and so on.'),
  parameters: z
    .array(z.string())
    .optional()
    .describe('Values for $1 and so on, with which it runs. Without them the plan is the one for unknown values, and nothing runs.'),
  skipRun: z.boolean().default(false).describe('Only plan the query, also where there are rows and it could run and be rolled back.'),
})

export interface QueryPlan {
  plan: Plan
  /** It ran, in a transaction that was rolled back. Claims are only made of a plan that ran. */
  ran: boolean
  /** Why it did not. */
  reason: string | null
  claims: PlanClaim[]
}

export const EXPERIMENT: Experiment<z.input<typeof Input>, QueryPlan> = {
  name: 'plan',
  question: 'Which plan does a query get, and what does it read when it runs?',
  input: Input,
  needs: 'statistics',
  async run(clone, input, { signal }) {
    const query = await oneQuery(input.query)
    const values = input.parameters && input.parameters.length > 0 ? input.parameters : undefined
    await clone.atProductionSize?.(signal)
    const planned = await explain(clone, { query, values, analyze: false }, signal)
    const reason = input.skipRun
      ? 'only its plan was asked for'
      : planned.generic
        ? 'its parameters have no values'
        : clone.data === 'statistics'
          ? 'the clone has statistics and no rows'
          : null
    const plan = reason === null ? await explain(clone, { query, values, analyze: true }, signal) : planned
    return { plan: clone.data === 'rows' ? withoutLiterals(plan) : plan, ran: reason === null, reason, claims: claimsOf(plan) }
  },
  summarise({ plan, ran, claims }) {
    const { buffers, root } = plan
    const read = buffers ? `, ${buffers.sharedHit + buffers.sharedRead} blocks read` : ''
    const rows = ran ? `${root.actualRows} rows` : `${root.planRows} rows estimated`
    const said = claims.map(({ node, message }) => `; ${node} ${message}`).join('')
    return `${root.type}, cost ${Math.round(plan.totalCost)}, ${rows}${read}${said}`
  },
  render: ({ plan, reason, claims }) => [
    ...renderPlan(plan),
    ...(reason === null ? [] : [`It was not run: ${reason}.`]),
    ...claims.map(({ code, node, message }) => `${code}: ${node} ${message}`),
  ],
}
