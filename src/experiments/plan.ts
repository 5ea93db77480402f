import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { Experiment } from './experiment.ts'
import { explain, explainAnalyze, oneQuery, parametersOf } from './plans/explain.ts'
import { withoutLiterals } from './plans/masking.ts'
import { claimsOf, type PlanClaim } from './plans/plan-claims.ts'
import type { Plan } from './plans/plan-node.ts'
import { renderPlan } from './plans/render-plan.ts'

const Input = z.strictObject({
  query: z.string().describe('One query; its parameters are $1, $2 and so on.'),
  parameters: z.array(z.string()).default([]).describe('Values for $1 and so on, with which it runs where there are rows.'),
})

/** `ran`: with rows, in a transaction that was rolled back. Claims are only made of a plan that ran. */
export interface QueryPlan {
  plan: Plan
  ran: boolean
  claims: PlanClaim[]
}

export const EXPERIMENT: Experiment<z.infer<typeof Input>, QueryPlan> = {
  name: 'plan',
  question: 'Which plan does a query get, and what does it read when it runs?',
  input: Input,
  needs: 'statistics',
  async run(clone, input, { signal }) {
    const query = await oneQuery(input.query)
    const wanted = parametersOf(query)
    if (input.parameters.length > wanted)
      throw new UserError(`The query has ${wanted} parameters, and ${input.parameters.length} were given.`)
    if (clone.data === 'rows' && input.parameters.length === wanted) {
      const plan = await explainAnalyze(clone, clone.postgres, query, input.parameters, signal)
      return { plan: withoutLiterals(plan), ran: true, claims: claimsOf(withoutLiterals(plan)) }
    }
    await clone.atProductionSize?.(signal)
    const plan = await explain(clone, clone.postgres, query, signal)
    return { plan: clone.data === 'rows' ? withoutLiterals(plan) : plan, ran: false, claims: [] }
  },
  summarise({ plan, ran, claims }) {
    const { buffers, root } = plan
    const read = buffers ? `, ${buffers.sharedHit + buffers.sharedRead} blocks read` : ''
    const said = claims.length > 0 ? `; ${claims.map(({ node, message }) => `${node} ${message}`).join('; ')}` : ''
    return `${root.type}, cost ${Math.round(plan.totalCost)}${ran ? `, ${root.actualRows} rows` : `, ${root.planRows} rows estimated`}${read}${said}`
  },
  render: ({ plan, claims }) => [...renderPlan(plan), ...claims.map(({ code, node, message }) => `${code}: ${node} ${message}`)],
}
