import { type ExecFileOptions, execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

/** Whom a server runs as: Postgres refuses to be root. */
export interface Account {
  uid: number
  gid: number
}

/** `postgres` or `nobody` when this process is root's; undefined when it may run as who it is. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((one) => one.startsWith(`${name}:`))
    const [, , uid, gid] = line?.split(':') ?? []
    if (uid !== undefined && gid !== undefined && uid !== '0') return { uid: Number(uid), gid: Number(gid) }
  }
  return { uid: 65534, gid: 65534 }
}

/** Address space of each server process: what asks for more fails with an error of its own, and the machine goes on. */
const PROCESS_BYTES = 4 * 1024 ** 3

const prefixes = new Map<boolean, string[]>()

/**
 * What a server's command line starts with: a network namespace of its own with nothing in it, where the system allows one; no way to gain
 * rights; a limit of memory; its end when this process ends, however that happens.
 */
export function confinement(account: Account | undefined, major: number): string[] {
  const needsLoopback = major < 15
  const prefix = prefixes.get(needsLoopback) ?? findConfinement(account, needsLoopback)
  prefixes.set(needsLoopback, prefix)
  return prefix
}

/** Before 15 the server tells its statistics to itself over the loopback device, and whoever asks for them waits ten seconds where there is none. */
const LOOPBACK = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh']

function findConfinement(account: Account | undefined, needsLoopback: boolean): string[] {
  const works = (command: string[]): string[] =>
    spawnSync(command[0] ?? '', [...command.slice(1), 'true'], { timeout: 5_000, env: ENVIRONMENT }).status === 0 ? command : []
  const firstOf = (...commands: string[][]): string[] => commands.map(works).find(({ length }) => length > 0) ?? []
  const namespace = account ? ['unshare', '--net', '--'] : ['unshare', '--user', '--map-current-user', '--net', '--']
  const network = works(needsLoopback ? [...namespace, ...LOOPBACK] : namespace)
  const drop = account ? ['--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups'] : []
  const rights = firstOf(
    ['setpriv', '--pdeathsig', 'SIGQUIT', '--no-new-privs', ...drop, '--'],
    ['setpriv', '--no-new-privs', ...drop, '--'],
  )
  return [...network, ...works(['prlimit', `--as=${PROCESS_BYTES}`, '--']), ...rights]
}

/** Runs a program to its end and gives what it wrote. An error holds `stdout` and `stderr`. */
export async function runProgram(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
  options: ExecFileOptions = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(file, args, { timeout: 120_000, ...options, signal, encoding: 'utf8' })
  return stdout
}

/** Nothing of ours reaches a server: no token, no PG variable. */
export const ENVIRONMENT = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' }
