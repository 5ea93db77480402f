import { loadAll } from 'js-yaml'
import { z } from 'zod'
import { CONFIG_FILE } from './config.ts'
import { UserError } from './errors.ts'
import { TOOLS } from './extractors/script.ts'
import { SEVERITIES } from './rules/rule.ts'

/** What `.pgwitness.yml` may say. docs/configuration.md is generated from these descriptions. */
export const ConfigFile = z.strictObject({
  postgres: z
    .int()
    .min(10)
    .max(18)
    .default(18)
    .describe('Major version of your production server. Rules that do not hold for it are silent.'),
  clone: z
    .enum(['embedded', 'none'])
    .default('embedded')
    .describe('Where a change is run: the embedded Postgres, or nowhere (a fast linter).'),
  failOn: z
    .enum([...SEVERITIES, 'never'])
    .default('high')
    .describe('Exit with 1 when a finding of this severity or over is not refuted.'),
  schema: z
    .string()
    .optional()
    .describe('A schema dump (pg_dump --schema-only) that stands for the base, instead of replaying migrations.'),
  migrations: z
    .array(
      z.strictObject({
        path: z.string().describe('Folder of the migrations, from the root of the repository.'),
        tool: z.enum(TOOLS).describe('The migration tool.'),
        transaction: z
          .enum(['file', 'implicit', 'none'])
          .optional()
          .describe('How your runner sends a file, when it is not the way the tool does by itself.'),
      }),
    )
    .default([])
    .describe('Where migrations are and what runs them, when detection is wrong.'),
  ignore: z.array(z.string()).default([]).describe('Paths left out, as globs: `legacy/**`.'),
  rules: z
    .strictObject({
      enable: z.array(z.string()).default([]).describe('Opt-in rules to turn on, or `style` for all of them.'),
      disable: z.array(z.string()).default([]).describe('Rules to turn off.'),
      severity: z.record(z.string(), z.enum(SEVERITIES)).default({}).describe('Severities of your own, by rule.'),
    })
    .prefault({})
    .describe('Which rules speak, and how loudly.'),
  baseline: z
    .string()
    .default('.pgwitness-baseline.json')
    .describe('File of known findings that are not reported again; written by `pgwitness audit --write-baseline`.'),
  limits: z
    .strictObject({
      statementSeconds: z.number().positive().max(600).default(20).describe('A statement that runs longer on the clone is stopped.'),
      reviewSeconds: z
        .number()
        .positive()
        .max(86_400)
        .default(900)
        .describe('After this nothing more is run; files that are left are reviewed without a clone.'),
    })
    .prefault({})
    .describe('Limits of a review.'),
})
export type Config = z.infer<typeof ConfigFile>

/** The configuration in this YAML. A UserError lists every mistake. */
export function parseConfig(text: string, path = CONFIG_FILE): Config {
  const result = ConfigFile.safeParse(loadYaml(text, path) ?? {})
  if (!result.success)
    throw new UserError(`${path} is not right:\n${z.prettifyError(result.error)}\nEvery setting is described in docs/configuration.md.`)
  return result.data
}

function loadYaml(text: string, path: string): unknown {
  try {
    // A file of comments alone holds no document.
    return loadAll(text)[0]
  } catch (error) {
    throw new UserError(`${path} is not YAML: ${(error as Error).message}`)
  }
}
