/** What the operator of the service decides, whatever a repository says of itself. */
import { z } from 'zod'
import type { Config } from './config-file.ts'
import { ConfigFile, loadYaml } from './config-file.ts'
import { UserError } from './errors.ts'

/** What `serve --config FILE` may say. docs/service.md is generated from these descriptions. */
export const ServiceConfigFile = z.strictObject({
  repositories: z
    .array(z.string())
    .default([])
    .describe('Repositories that are reviewed, as globs: `shop/*`. Without any, all that send webhooks.'),
  concurrency: z.int().min(1).max(64).default(2).describe('Reviews and answers at once, of this worker.'),
  perInstallation: z.int().min(1).max(64).default(1).describe('Of these, at most so many for one installation of the App, or one project.'),
  budgetMinutesPerDay: z
    .number()
    .nonnegative()
    .max(100_000)
    .default(240)
    .describe(
      'Minutes of clones for one installation or project within 24 hours; after that its changes are reviewed without a clone, and questions wait for the next day.',
    ),
  inlineComments: z
    .int()
    .min(0)
    .max(50)
    .default(10)
    .describe('Comments on lines of the change, the most severe findings first; the summary has all of them.'),
  clone: ConfigFile.shape.clone
    .unwrap()
    .optional()
    .describe(
      'Where changes run. A repository may choose less (`none`, `embedded`, `local`, `twin`), and nothing else: databases are only taken from here.',
    ),
  dblab: ConfigFile.shape.dblab,
  limits: ConfigFile.shape.limits.describe('Ceilings: a repository may set its own limits lower.'),
})
export type ServiceConfig = z.infer<typeof ServiceConfigFile>

/** A UserError lists every mistake. */
export function parseServiceConfig(text: string, path: string): ServiceConfig {
  const result = ServiceConfigFile.safeParse(loadYaml(text, path) ?? {})
  if (!result.success)
    throw new UserError(`${path} is not right:\n${z.prettifyError(result.error)}\nEvery setting is described in docs/service.md.`)
  const { clone, dblab } = result.data
  if (clone === 'dblab' && dblab.engines.length === 0)
    throw new UserError(
      `${path} is not right: \`clone: dblab\` needs an engine, \`dblab.engines\`. Every setting is described in docs/service.md.`,
    )
  return result.data
}

/** Clones that hold no data of anybody's. */
const HARMLESS: ReadonlyArray<Config['clone']> = ['auto', 'local', 'embedded', 'twin', 'none']

/**
 * A repository's configuration as far as the operator follows it. `isTrusted` tells whether whoever proposes the change, or a maintainer for them, may have it
 * run where production's data is. Notes are for the reader.
 */
export function configInForce(
  repository: Config,
  service: ServiceConfig,
  { isTrusted, isCloneChosen }: { isTrusted: boolean; isCloneChosen: boolean },
): { config: Config; notes: string[] } {
  const notes: string[] = []
  const offered = service.clone ?? 'auto'
  let clone = isCloneChosen && HARMLESS.includes(repository.clone) ? repository.clone : offered
  if (isCloneChosen && !HARMLESS.includes(repository.clone) && kindOf(repository.clone) !== kindOf(offered))
    notes.push(
      `\`clone: ${kindOf(repository.clone)}\` of the repository is not followed: a service takes databases only from its operator.`,
    )
  if (!isTrusted && !HARMLESS.includes(clone)) {
    clone = 'auto'
    notes.push(
      'Whoever proposes this may not write to the repository, so it ran without production\u2019s data; a maintainer can have it run there: `@pgwitness review with data COMMIT`.',
    )
  }
  return { config: { ...repository, clone, dblab: service.dblab, limits: lower(repository.limits, service.limits) }, notes }
}

/** A URL can hold a password: notes say only that it is one. */
function kindOf(clone: Config['clone']): string {
  return /^postgres(?:ql)?:/.test(clone) ? 'postgres://…' : clone
}

function lower(one: Config['limits'], other: Config['limits']): Config['limits'] {
  return {
    statementSeconds: Math.min(one.statementSeconds, other.statementSeconds),
    reviewSeconds: Math.min(one.reviewSeconds, other.reviewSeconds),
    budgetSeconds: Math.min(one.budgetSeconds, other.budgetSeconds),
    cloneGigabytes: Math.min(one.cloneGigabytes, other.cloneGigabytes),
  }
}
