import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FactsFile } from '../test/bench/facts.ts'

type Versions = FactsFile['facts'][number]['versions'][string]

/** docs/facts.md: what differs between majors, of all that was measured. */
export function factsPage(): string {
  const { servers, facts } = JSON.parse(readFileSync(join(import.meta.dirname, 'facts.json'), 'utf8')) as FactsFile
  const differing = facts.filter(({ versions }) => new Set(Object.values(versions).map((one) => JSON.stringify(one))).size > 1)
  const rows = differing.flatMap(({ statement, setup, versions }) => [
    `### \`${statement.replaceAll('`', "'")}\``,
    '',
    `On the tables of [${setup}.sql](../test/fixtures/facts/setups/${setup}.sql).`,
    '',
    ...Object.entries(versions).map(([majors, one]) => `- **${majors}**: ${inWords(one)}`),
    '',
  ])
  return `# What differs between majors

${facts.length} statements were run on ${Object.entries(servers)
    .map(([, version]) => version)
    .join(', ')}; what each locks, rewrites, scans and builds is in [facts.json](facts.json). These ${differing.length} do not do the same on all of them. Generated from it.

${rows.join('\n')}`
}

function inWords(facts: Versions): string {
  const parts = Object.entries(facts).flatMap(([what, list]) => ((list as unknown[]).length === 0 ? [] : [`${what}: ${(list as unknown[]).map(String).join(', ')}`]))
  return parts.length === 0 ? 'nothing' : parts.join('; ')
}
