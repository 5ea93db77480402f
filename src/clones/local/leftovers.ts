import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Folders of servers begin with this; the process they belong to follows, so that none is ever without an owner. */
const FOLDER_PREFIX = 'pgwitness-local-'

/** A new folder for a server of this process. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-${startOf(process.pid)}-`))
}

/** Stops servers and removes folders whose process was killed before it could. Those of other users are left alone. */
export function removeLeftovers(parent = tmpdir()): void {
  for (const name of list(parent)) {
    const owner = ownerOf(name)
    if (owner === undefined || startOf(owner.pid) === owner.started) continue
    const folder = join(parent, name)
    try {
      stopServer(folder)
      // What its server began may still write for a moment.
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    } catch {
      // Not ours to remove.
    }
  }
}

/** The process a server's folder belongs to; undefined for other folders. */
function ownerOf(name: string): { pid: number; started: string } | undefined {
  if (!name.startsWith(FOLDER_PREFIX)) return undefined
  const [pid, started, random] = name.slice(FOLDER_PREFIX.length).split('-')
  if (pid === undefined || started === undefined || random === undefined) return undefined
  return { pid: Number(pid), started }
}

/** Ends the server of a folder at once; does nothing when there is none. */
function stopServer(folder: string): void {
  const pid = Number(read(join(folder, 'data/postmaster.pid'))?.split('\n')[0])
  const command = Number.isInteger(pid) && pid > 1 ? read(`/proc/${pid}/cmdline`) : undefined
  if (command === undefined ? false : !command.includes(folder)) return
  try {
    if (pid > 1) process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

/** Numbers of processes are used again; with the time of its start one is unique until the machine starts anew. */
export function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  try {
    process.kill(pid, 0)
    return 'alive'
  } catch {
    return undefined
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
