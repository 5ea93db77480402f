/** The adapters of clones: like assemble.ts, but for them alone. */
import type { CloneProvider } from './clones/clone.ts'
import type { Config, Environment } from './config.ts'
import { UserError } from './errors.ts'

/** What clones are made with. `cacheDir` undefined stores nothing. */
export interface CloneSurroundings extends Pick<Environment, 'path' | 'postgresBin' | 'templateUrl' | 'scriptUrl' | 'variable'> {
  cacheDir: string | undefined
  /** Production's, which make a twin of a local clone. */
  statistics?: { path: string; text: string } | undefined
  /** Says that something else was chosen than the reader may expect. */
  note(sentence: string): void
}

/** Ends local clones whose process was killed. A process that makes a clone does so, too; a service that makes none for long must not wait for that. */
export async function removeAbandonedClones(): Promise<void> {
  const { removeLeftovers } = await import('./clones/local.ts')
  removeLeftovers()
}

/** Where changes are run; undefined for `none`. */
export async function clonesFor(config: Config, around: CloneSurroundings): Promise<CloneProvider | undefined> {
  const clone = around.statistics && (config.clone === 'auto' || config.clone === 'local') ? 'twin' : config.clone
  switch (clone) {
    case 'none':
      return undefined
    case 'embedded':
      return await embedded(config, around)
    case 'local':
      return await local(config, around)
    case 'auto':
      return await auto(config, around)
    case 'twin':
      return await twin(config, around)
    case 'template':
      return await template(config, around)
    case 'dblab':
      return await dblab(config, around)
    default:
      return await url(clone, config)
  }
}

async function embedded({ limits }: Config, { cacheDir }: CloneSurroundings): Promise<CloneProvider> {
  const { embeddedClones } = await import('./clones/embedded.ts')
  return embeddedClones({ cacheDir, statementMs: limits.statementSeconds * 1000 })
}

function localOptions({ postgres, limits }: Config, { cacheDir, path, postgresBin }: CloneSurroundings) {
  return {
    postgres,
    cacheDir,
    path,
    folders: postgresBin,
    ...limitsOf(limits),
  }
}

function limitsOf({ statementSeconds, cloneGigabytes }: Config['limits']): { statementMs: number; maxBytes: number } {
  return { statementMs: statementSeconds * 1000, maxBytes: cloneGigabytes * 1024 ** 3 }
}

async function local(config: Config, around: CloneSurroundings): Promise<CloneProvider> {
  const { localBinaries, localClones } = await import('./clones/local.ts')
  const options = localOptions(config, around)
  localBinaries(options)
  return localClones(options)
}

/** Local where a server of the wanted major can be started; else embedded, and who reviews for another major than its own is told why. */
async function auto(config: Config, around: CloneSurroundings): Promise<CloneProvider> {
  const second = await embedded(config, around)
  try {
    const { withFallback } = await import('./clones/fallback.ts')
    return withFallback(await local(config, around), second)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (config.postgres !== 18) around.note(`${error.message} So it ran on the embedded Postgres 18.`)
    return second
  }
}

async function twin(config: Config, around: CloneSurroundings): Promise<CloneProvider> {
  if (!around.statistics) {
    throw new UserError('A twin needs the statistics of production: --stats FILE, written by `pgwitness stats export`.')
  }
  const { twinClones } = await import('./clones/twin.ts')
  return twinClones({ ...localOptions(config, around), statistics: around.statistics })
}

async function template({ limits }: Config, { templateUrl, scriptUrl }: CloneSurroundings): Promise<CloneProvider> {
  if (templateUrl === undefined) {
    throw new UserError(
      'Template clones are copies of the database that PGWITNESS_TEMPLATE_URL names: postgres://user:password@host/database.',
    )
  }
  const { templateClones } = await import('./clones/template.ts')
  return templateClones({ url: templateUrl, scriptUrl, ...limitsOf(limits) })
}

async function url(address: string, { limits }: Config): Promise<CloneProvider> {
  const { urlClones } = await import('./clones/url.ts')
  return urlClones({ url: address, ...limitsOf(limits) })
}

async function dblab({ dblab: { engines }, postgres, limits }: Config, { variable }: CloneSurroundings): Promise<CloneProvider> {
  if (engines.length === 0)
    throw new UserError('`clone: dblab` needs an engine: dblab.engines in .pgwitness.yml, see docs/configuration.md.')
  const { dblabClones } = await import('./clones/dblab.ts')
  return dblabClones({
    engines: engines.map(({ tokenVariable, ...engine }) => ({ ...engine, token: variable(tokenVariable) })),
    postgres,
    statementMs: limits.statementSeconds * 1000,
  })
}

/** Production's statistics as `stats export` writes them, and sentences for whoever exports. */
export async function exportStatistics(
  request: { url: string; values: boolean; schemas: readonly string[] },
  signal: AbortSignal,
): Promise<{ json: string; notes: string[] }> {
  const { readProductionStatistics } = await import('./clones/twin/export.ts')
  return await readProductionStatistics(request, signal)
}
