import { createHash } from 'node:crypto'
import type { Dirent, Stats } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_FILES, MAX_FOLDER_DEPTH } from '../reading/limits.ts'

export interface Survey {
  /** Changes with names, sizes and times of the files. */
  state: string
  /** Of a folder, itself and all below; of a file none. */
  folders: string[]
}

/** What is at a path, as sources read it: hidden files and `node_modules` are left out. Never fails: what is not there has a state too. */
export async function survey(path: string): Promise<Survey> {
  const hash = createHash('sha256')
  const root = await stat(path).catch(() => undefined)
  hash.update(markOf(path, root))
  const folders: string[] = []
  if (!root?.isDirectory()) return { state: hash.digest('base64url'), folders }
  let files = 0
  const todo = [{ folder: path, depth: 0 }]
  for (let next = todo.pop(); next && files < MAX_FILES; next = todo.pop()) {
    const { folder, depth } = next
    folders.push(folder)
    const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => [])
    for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
      const full = join(folder, entry.name)
      if (entry.isDirectory() && depth < MAX_FOLDER_DEPTH) todo.push({ folder: full, depth: depth + 1 })
      if (!entry.isFile()) continue
      files++
      hash.update(markOf(full, await lstat(full).catch(() => undefined)))
    }
  }
  return { state: hash.digest('base64url'), folders }
}

function markOf(path: string, about: Stats | undefined): string {
  const isFolder = about?.isDirectory() ?? false
  return JSON.stringify([path, about?.ino, isFolder ? null : [about?.size, about?.mtimeMs]])
}
