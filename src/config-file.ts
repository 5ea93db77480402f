import { loadAll } from 'js-yaml'
import { z } from 'zod'
import { CLONES, CONFIG_FILE } from './config.ts'
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
    .union([z.enum(CLONES), z.string().regex(/^postgres(?:ql)?:\/\//)], {
      error: `one of ${CLONES.join(', ')}, or the URL of a database that may be broken: postgres://…`,
    })
    .default('auto')
    .describe(
      'Where a change is run: `auto` (local where a server can be started, else embedded), `local` (a throw-away server of your major), `embedded` (Postgres 18 in this process), `twin` (a local server with the statistics of `stats:`), `template` (copies of the database in PGWITNESS_TEMPLATE_URL), `dblab` (thin clones), the URL of a database that may be broken, or `none` (a fast linter). See docs/clones.md.',
    ),
  stats: z
    .string()
    .optional()
    .describe('Production statistics for the twin, from `pgwitness stats export`. With it, `auto` makes twins beside local clones.'),
  dblab: z
    .strictObject({
      engines: z
        .array(
          z.strictObject({
            url: z.url().describe('Address of the API, with its path: `https://dblab.example.com:2345`.'),
            tokenVariable: z.string().default('PGWITNESS_DBLAB_TOKEN').describe('Environment variable that holds the verification token.'),
            postgres: z.int().min(10).max(18).optional().describe('Major version of its clones; asked of the engine when left out.'),
            database: z.string().optional().describe("Database to connect to; the engine's own when left out."),
            branch: z.string().optional().describe('Branch to clone; `main` when left out.'),
            snapshot: z.string().optional().describe('Snapshot to clone, instead of the newest of the branch.'),
            accessHost: z.string().optional().describe('Host of the clones, when what the engine says cannot be reached from here.'),
            caFile: z.string().optional().describe('File with the certificate authority of the engine.'),
            insecure: z.boolean().default(false).describe('Does not check the certificate of the engine.'),
            protectionMinutes: z.int().positive().optional().describe('Protects a clone from deletion for this long while it is used.'),
            extraConf: z.record(z.string(), z.string()).default({}).describe('Settings of Postgres for the clones.'),
          }),
        )
        .default([])
        .describe('DBLab engines, one for each major version.'),
    })
    .prefault({})
    .describe('DBLab Engine 3.4 to 4.x, for `clone: dblab`.'),
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
      budgetSeconds: z
        .number()
        .nonnegative()
        .max(86_400)
        .default(300)
        .describe('Time for experiments beyond the effects of each statement, the most severe claims first; `--budget 5m`.'),
      cloneGigabytes: z.number().positive().max(1024).default(4).describe('A statement on a clone that grew by more than this is stopped.'),
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

/** Of one document. A UserError when it is not YAML. */
export function loadYaml(text: string, path: string): unknown {
  try {
    // A file of comments alone holds no document.
    return loadAll(text)[0]
  } catch (error) {
    throw new UserError(`${path} is not YAML: ${(error as Error).message}`)
  }
}
