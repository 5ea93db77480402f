import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** As `mkdir -p`, for this user alone. Node's own never ends below /proc, where a folder is neither made nor refused. */
export function makeFolder(path: string): void {
  const folder = resolve(path)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return
    if (code !== 'ENOENT') throw error
    makeFolder(dirname(folder))
    mkdirSync(folder, { mode: 0o700 })
  }
}
