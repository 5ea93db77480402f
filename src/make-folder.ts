import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** As `mkdir -p`. Node's own never ends below /proc, where a folder is neither made nor refused. */
export function makeFolder(path: string, mode = 0o777): void {
  const folder = resolve(path)
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return
    if (code !== 'ENOENT') throw error
    makeFolder(dirname(folder), mode)
    mkdirSync(folder, { mode })
  }
}
