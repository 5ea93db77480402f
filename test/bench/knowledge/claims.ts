/** Statements, and words of the Postgres 15 manual that say so: test/fixtures/knowledge/claims.yml. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { z } from 'zod'
import { bareWords } from './questions.ts'

const FILE = join(import.meta.dirname, '../../fixtures/knowledge/claims.yml')

const Claims = z.array(
  z.strictObject({
    claim: z.string().min(10).max(300),
    heldOut: z.boolean().default(false),
    /** A citation is right when its quote holds one of them; without any there is nothing to cite. */
    says: z.array(z.string().min(8)).optional(),
  }),
)
export type Claim = z.infer<typeof Claims>[number]

export function readClaims(): Claim[] {
  return Claims.parse(load(readFileSync(FILE, 'utf8')))
}

export function isRight({ says = [] }: Claim, quote: string): boolean {
  return says.some((words) => bareWords(quote).includes(bareWords(words)))
}
