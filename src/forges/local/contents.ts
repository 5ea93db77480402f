import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'

/** A file over this is not a migration somebody wrote. */
export const MAX_FILE_BYTES = 10 * 1024 * 1024

/** A file's text, or why it has none: `is binary`. */
export type Contents = { text: string } | { problem: string }

/** UTF-8 with or without a byte order mark, which stays. Everything else is no text for Postgres. */
export function decode(bytes: Buffer): Contents {
  const mark = bytes.subarray(0, 2).toString('hex')
  if (mark === 'fffe' || mark === 'feff') return { problem: 'is UTF-16; save it as UTF-8 to have it reviewed' }
  const nul = bytes.indexOf(0)
  if (nul >= 0) return { problem: `is binary (byte ${nul + 1} is NUL)` }
  return isUtf8(bytes) ? { text: bytes.toString('utf8') } : { problem: 'is not UTF-8 text; save it as UTF-8 to have it reviewed' }
}

export function tooLarge(bytes: number): { problem: string } {
  return { problem: `has ${Math.round(bytes / 1024 / 1024)} MB, more than the ${MAX_FILE_BYTES / 1024 / 1024} MB that are read` }
}

/**
 * Reads a file below the root, and never what a symbolic link points to. Undefined when there is no such file. At once: of a thousand small files
 * each would wait longer for its turn than for the disk.
 */
export function readContents(root: string, path: string): Contents | undefined {
  const full = join(root, path)
  try {
    const realFolder = realpathSync.native(dirname(full))
    const inside = `${realFolder}${sep}`.startsWith(`${realpathSync.native(root).replace(/[/\\]$/, '')}${sep}`)
    return inside ? readOpened(full) : linked
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ELOOP' || code === 'EMLINK') return linked
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === 'EACCES' || code === 'EPERM') return { problem: 'may not be read' }
    throw error
  }
}

const linked: Contents = { problem: 'is a symbolic link, which is not followed' }

function readOpened(path: string): Contents | undefined {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const status = fstatSync(file)
    if (!status.isFile()) return undefined
    return status.size > MAX_FILE_BYTES ? tooLarge(status.size) : decode(readFileSync(file))
  } finally {
    closeSync(file)
  }
}
