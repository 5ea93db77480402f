import { readFile } from 'node:fs/promises'
import { type NamedText, readNamed } from '../assemble-review.ts'
import { CONFIG_FILE, type Config, DEFAULTS } from '../config.ts'
import { UserError } from '../errors.ts'
import type { Tree } from '../forges/change.ts'

/** What the command line gives `review` and `audit`. Paths are relative to the current folder. */
export interface ReviewOptions {
  format: string[]
  clone?: Config['clone']
  failOn?: Config['failOn']
  postgres?: number
  schema?: string
  stats?: string
  /** Seconds. */
  budget?: number
  config?: string
  cache: boolean
  baseline: boolean
  progress: boolean
  /** A folder or the address of a Postgres. */
  knowledge?: string
}

/** The configuration in force: the named file, else that of the base; options of the command line win. */
export async function readConfig(options: ReviewOptions, tree: Tree | undefined): Promise<Config> {
  const text = options.config === undefined ? await tree?.read(CONFIG_FILE) : await readOperatorFile(options.config)
  const config = text === undefined ? DEFAULTS : (await import('../config-file.ts')).parseConfig(text, options.config ?? CONFIG_FILE)
  if (options.postgres !== undefined && !(Number.isInteger(options.postgres) && options.postgres >= 10 && options.postgres <= 18)) {
    throw new UserError('--postgres takes a major version from 10 to 18.')
  }
  return {
    ...config,
    clone: options.clone ?? config.clone,
    failOn: options.failOn ?? config.failOn,
    postgres: options.postgres ?? config.postgres,
    limits: { ...config.limits, budgetSeconds: options.budget ?? config.limits.budgetSeconds },
  }
}

/** Production's statistics: `--stats` from the disk, `stats:` from the base. */
export async function readStatistics(
  options: Pick<ReviewOptions, 'stats'>,
  config: Config,
  tree: Tree | undefined,
): Promise<NamedText | undefined> {
  if (options.stats !== undefined) return { path: options.stats, text: await readOperatorFile(options.stats) }
  return await readNamed(config, 'stats', tree)
}

/** The schema dump to start from: `--schema` from the disk, `schema:` from the base. */
export async function readSchema(
  options: Pick<ReviewOptions, 'schema'>,
  config: Config,
  tree: Tree | undefined,
): Promise<NamedText | undefined> {
  if (options.schema !== undefined) return { path: options.schema, text: await readOperatorFile(options.schema) }
  return await readNamed(config, 'schema', tree)
}

async function readOperatorFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}
