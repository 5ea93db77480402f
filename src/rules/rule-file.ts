import { z } from 'zod'
import { SEVERITIES } from './rule.ts'

const Versions = z.string().regex(/^(all|<\d+|>=\d+|\d+-\d+)$/)

const Cite = z.strictObject({
  title: z.string().describe('Manual and section: "PostgreSQL, Building Indexes Concurrently"'),
  url: z.url(),
  quote: z.string().max(300).optional().describe('A literal sentence of the page, of at most 40 words'),
  versions: Versions.default('all').describe(
    'Postgres majors whose manual has the page, the anchor and the quote. Entries of one title stand for one another',
  ),
})

const Step = z.union([
  z.string(),
  z.strictObject({
    when: z.record(z.string(), z.any()).describe('A condition over the operation: the step is left out where it does not hold'),
    sql: z.string(),
  }),
])

const Fix = z
  .strictObject({
    text: z.string().describe('What to do instead, in a sentence or two; {{placeholders}} as in the message'),
    insert: z.string().optional().describe('Words to splice into the statement'),
    after: z.string().optional().describe('The token they go after'),
    steps: z.array(Step).min(1).optional().describe('SQL to run instead; each step in a transaction of its own'),
    batches: z
      .boolean()
      .optional()
      .describe('Offer the UPDATE or DELETE rewritten to do a batch of rows at a time, when Postgres can prepare that on the clone'),
  })
  .refine((fix) => (fix.insert === undefined) === (fix.after === undefined), 'insert and after go together')

/** What a rule file may say. The file's name is the rule's id, its folder the rule's area. */
export const RuleFile = z
  .strictObject({
    title: z.string().max(70).describe('What to do, as an order: "Build indexes concurrently"'),
    severity: z.enum(SEVERITIES),
    optIn: z.boolean().default(false).describe('A matter of taste: off unless the configuration enables it'),
    versions: Versions.default('all').describe('Postgres majors where the hazard exists: all, <12, >=14, 12-17'),
    aliases: z
      .array(z.string())
      .default([])
      .describe(
        'Names other tools give the hazard, `squawk/adding-required-field`: their ignore comments count. A bare `C07` is its number in the catalogue of hazards, shown nowhere',
      ),
    when: z.record(z.string(), z.any()).optional().describe('A condition over one operation'),
    query: z.string().optional().describe('SQL over the catalog of a clone; rows that appear with the change are claims'),
    detect: z.string().optional().describe('The name of a built-in detector'),
    once: z
      .enum(['operation', 'transaction', 'script', 'change'])
      .default('operation')
      .describe('Report each, or only the first of a transaction, a script or the whole change'),
    unless: z
      .array(z.string())
      .default([])
      .describe('Rules that say the same of a statement more precisely: where one of them speaks, this one is silent'),
    prove: z
      .enum(['effects', 'change', 'outcome', 'catalog', 'grammar', 'rows', 'none'])
      .default('effects')
      .describe(
        'What settles the claim. effects: the same condition over measured effects. change: it ran and changed the catalog (a no-op refutes). ' +
          "outcome: `failed` or `warned` meets `expect`. catalog: the query's rows, or what a detector read from the catalog. grammar: Postgres's own parser, which needs no clone. rows: whether it fails for the rows of a clone that has some; `unproved` says why not elsewhere. none: `unproved` says why",
      ),
    expect: z.record(z.string(), z.any()).optional().describe('A condition over the measured words that confirms the claim'),
    inconclusive: z
      .string()
      .optional()
      .describe('With `prove: outcome`: why a run without the error refutes nothing: "only rows that were written have checks to come"'),
    unproved: z.string().optional().describe('Why a clone cannot settle the claim: "depends on the code that is still deployed"'),
    message: z.string().describe('What was seen: {{placeholders}} are words of the operation or columns of the query'),
    why: z.string().describe('What it costs in production, and when it does not'),
    fix: Fix.optional(),
    cite: z.array(Cite).min(1),
    setup: z.string().default('').describe('SQL that makes the tables the examples speak of'),
    bad: z.array(z.string()).min(1).describe('Scripts the rule must report'),
    good: z
      .array(z.string())
      .min(1)
      .describe('Scripts it must not; one that begins with `-- Postgres 14 or newer` is not tried on older servers'),
  })
  .refine((rule) => [rule.when, rule.query, rule.detect].filter(Boolean).length === 1, 'say exactly one of `when`, `query`, `detect`')
  .refine((rule) => rule.prove !== 'outcome' || rule.expect, '`prove: outcome` needs `expect`')
  .refine((rule) => !/^(?:none|rows)$/.test(rule.prove) || rule.unproved, '`prove: none` and `prove: rows` need `unproved`')
export type RuleFile = z.infer<typeof RuleFile>
