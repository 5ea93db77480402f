import { readFile } from 'node:fs/promises'
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

/** Tells whoever changes the configuration why this review does not follow it yet. */
export async function noteOfConfig({ config }: ReviewOptions, base: Tree | undefined, head: Tree): Promise<string[]> {
  if (config !== undefined || !base) return []
  const [before, now] = await Promise.all([base.read(CONFIG_FILE), head.read(CONFIG_FILE)])
  if (now === undefined || now === before) return []
  return [
    `${CONFIG_FILE} is taken from the base; what this change says in it counts once it is merged (to try it: --config ${CONFIG_FILE})`,
  ]
}

/** Production's statistics: `--stats` from the disk, `stats:` from the base. */
export async function readStatistics(
  options: Pick<ReviewOptions, 'stats'>,
  config: Config,
  tree: Tree | undefined,
): Promise<{ path: string; text: string } | undefined> {
  if (options.stats !== undefined) return { path: options.stats, text: await readOperatorFile(options.stats) }
  if (config.stats === undefined) return undefined
  const text = await tree?.read(config.stats)
  if (text === undefined) throw new UserError(`${CONFIG_FILE} names the statistics ${config.stats}, which are not in the base.`)
  return { path: config.stats, text }
}

/** The schema dump to start from: `--schema` from the disk, `schema:` from the base. */
export async function readSchema(
  options: Pick<ReviewOptions, 'schema'>,
  config: Config,
  tree: Tree | undefined,
): Promise<{ path: string; text: string } | undefined> {
  if (options.schema !== undefined) return { path: options.schema, text: await readOperatorFile(options.schema) }
  if (config.schema === undefined) return undefined
  const text = await tree?.read(config.schema)
  if (text === undefined) throw new UserError(`${CONFIG_FILE} names the schema dump ${config.schema}, which is not in the base.`)
  return { path: config.schema, text }
}

async function readOperatorFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}
