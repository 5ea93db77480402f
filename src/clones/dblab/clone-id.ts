import { createHash, randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { startOf } from '../local/leftovers.ts'
import type { EngineClone } from './engine.ts'

const PREFIX = 'pgwitness-'
/** Nothing of ours takes that long; of another host nobody here can ask. */
const ABANDONED_MS = 6 * 3_600_000

/** Containers of one name do not see each other's processes. */
function host(): string {
  return createHash('sha256').update(`${hostname()} ${processNamespace()}`).digest('hex').slice(0, 8)
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** An id that tells which process on which host it belongs to. */
export function newCloneId(): string {
  return `${PREFIX}${host()}-${process.pid}-${startOf(process.pid) ?? '0'}-${randomBytes(4).toString('hex')}`
}

/** Did the run that made this clone end without deleting it? Clones that are not ours never did. */
export function isLeftOver({ id, createdAt }: Pick<EngineClone, 'id' | 'createdAt'>): boolean {
  const [, where, pid, started] = /^pgwitness-([0-9a-f]{8})-(\d+)-(\w+)-[0-9a-f]{8}$/.exec(id) ?? []
  if (where === undefined) return false
  if (where === host()) return (startOf(Number(pid)) ?? 'gone') !== started
  const time = Date.parse(createdAt ?? '')
  return Number.isFinite(time) && Date.now() - time > ABANDONED_MS
}
