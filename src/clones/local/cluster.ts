import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../../errors.ts'
import type { Binaries } from '../native/binaries.ts'
import { makeFolder, removeLeftovers } from './leftovers.ts'
import { type Account, confinement, ENVIRONMENT, runProgram, unprivilegedAccount } from './run-as.ts'

/** The owner of the cluster; nothing that comes from a change ever runs as this. */
export const ADMIN = 'pgwitness_admin'

/** A throw-away Postgres in a folder of its own, on a Unix socket there. Nothing here keeps the process from other work: a service answers meanwhile. */
export interface Cluster {
  readonly binaries: Binaries
  /** Holds `data`, `log` and the socket. */
  readonly folder: string
  start(signal: AbortSignal): Promise<void>
  /** `fast` leaves files that another cluster can start from. */
  stop(how: 'fast' | 'immediate'): Promise<void>
  /** Makes an empty cluster; the files there were are gone. */
  initialise(): Promise<void>
  /** Takes the files of a stopped cluster; those there were are gone. */
  takeFrom(data: string): Promise<void>
  /** Copies the files of this one, stopped, to where `takeFrom` finds them. */
  copyTo(data: string): Promise<void>
  /** Bytes of all its files. */
  bytes(): Promise<number>
  remove(): Promise<void>
}

const START_MS = 60_000
const STOP_MS = 20_000

const SETTINGS: Record<string, string> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  fsync: 'off',
  autovacuum: 'off',
  max_connections: '40',
  shared_buffers: '32MB',
  // 1 MB segments and few of them keep a copy small.
  min_wal_size: '2MB',
  max_prepared_transactions: '10',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  temp_file_limit: '2GB',
  jit: 'off',
}

const live = new Set<{ kill(): void }>()
let watching = false
let swept = false

/** Kills and removes what is left when the process ends without disposing. */
function cleanAtExit(): void {
  if (watching) return
  watching = true
  process.on('exit', () => {
    for (const cluster of live) cluster.kill()
  })
}

/** A folder for a cluster; nothing runs yet. `settings` win over our own. */
export function newCluster(binaries: Binaries, settings: Record<string, string> = {}): Cluster {
  if (!swept) removeLeftovers()
  swept = true
  const account = unprivilegedAccount()
  const folder = makeFolder()
  if (account) chownSync(folder, account.uid, account.gid)
  const data = join(folder, 'data')
  let server: ChildProcess | undefined
  const programs = new AbortController()
  const kill = (): void => {
    programs.abort()
    server?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
  }
  const entry = { kill }
  live.add(entry)
  cleanAtExit()
  const cluster: Cluster = {
    binaries,
    folder,
    async start(signal) {
      const newer = binaries.major >= 14 ? { client_connection_check_interval: '1000' } : {}
      const rights = binaries.major >= 16 ? { createrole_self_grant: 'set, inherit' } : {}
      server = spawnServer(binaries, folder, account, { ...SETTINGS, ...newer, ...rights, ...settings })
      await ready(server, folder, signal)
    },
    async stop(how) {
      await end(server, how === 'fast' ? 'SIGINT' : 'SIGQUIT')
      server = undefined
    },
    async initialise() {
      const args = [
        '-D',
        data,
        '-U',
        ADMIN,
        '-A',
        'trust',
        '--no-sync',
        '--no-locale',
        '-E',
        'UTF8',
        '--wal-segsize=1',
        ...(binaries.major >= 18 ? ['--no-data-checksums'] : []),
      ]
      await rm(data, { recursive: true, force: true })
      try {
        await runProgram(join(binaries.bin, 'initdb'), args, programs.signal, { cwd: folder, ...account, env: ENVIRONMENT })
      } catch (error) {
        const said = String((error as { stderr?: unknown }).stderr || error).trim()
        throw new ServiceError('local clone', `initdb of Postgres ${binaries.version} failed: ${withoutPaths(said.slice(-500))}`)
      }
    },
    async takeFrom(source) {
      await rm(data, { recursive: true, force: true })
      await copyFolder(source, data, programs.signal)
      await rm(join(data, 'postmaster.pid'), { force: true })
    },
    copyTo: async (target) => await copyFolder(data, target, programs.signal),
    async bytes() {
      const said = await runProgram('du', ['-sk', data], programs.signal).catch(({ stdout }: { stdout?: string }) => stdout ?? '')
      return Number(/^\d+/.exec(said)?.[0] ?? 0) * 1024
    },
    async remove() {
      programs.abort()
      await end(server, 'SIGQUIT')
      server = undefined
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
      live.delete(entry)
    },
  }
  return cluster
}

/** What reaches a comment tells nothing of where this runs. */
function withoutPaths(text: string): string {
  return text.replaceAll(/(?<![\w/])\/(?:[^\s"'/:]+\/)*[^\s"'/:]+/g, '[path]')
}

function spawnServer(binaries: Binaries, folder: string, account: Account | undefined, settings: Record<string, string>): ChildProcess {
  const prefix = confinement(account, binaries.major)
  const command = [...prefix, join(binaries.bin, 'postgres'), '-D', join(folder, 'data'), '-k', folder]
  for (const [name, value] of Object.entries(settings)) command.push('-c', `${name}=${value}`)
  const log = openSync(join(folder, 'log'), 'a')
  const own = prefix.includes('setpriv') ? {} : account
  // In a session of its own: Ctrl-C at the terminal is ours to answer.
  const server = spawn(command[0] ?? '', command.slice(1), {
    cwd: folder,
    ...own,
    env: ENVIRONMENT,
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  server.unref()
  return server
}

async function ready(server: ChildProcess, folder: string, signal: AbortSignal): Promise<void> {
  const since = performance.now()
  let failed: string | undefined
  server.on('error', (error) => {
    failed = error.message
  })
  while (!isReady(folder)) {
    signal.throwIfAborted()
    if (failed !== undefined || server.exitCode !== null || server.signalCode !== null || performance.now() - since > START_MS) {
      const log = existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().slice(-500) : ''
      throw new ServiceError('local clone', `Postgres did not start: ${withoutPaths(failed ?? log)}`)
    }
    await sleep(5)
  }
}

/** The server says so in the eighth line of its file. */
function isReady(folder: string): boolean {
  const file = join(folder, 'data/postmaster.pid')
  return existsSync(file) && readFileSync(file, 'utf8').split('\n')[7]?.trim() === 'ready'
}

async function end(server: ChildProcess | undefined, how: NodeJS.Signals): Promise<void> {
  if (!server || server.exitCode !== null || server.signalCode !== null) return
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  server.ref()
  server.kill(how)
  const late = setTimeout(() => server.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(late)
}

/** Keeps owners and rights, and shares blocks where the file system can. */
async function copyFolder(source: string, target: string, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const reflink = process.platform === 'linux' ? ['--reflink=auto'] : []
  await runProgram('cp', ['-a', ...reflink, source, target], signal)
}
