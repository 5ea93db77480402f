import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

const SKIPPED = new Set(['.git', 'node_modules', '.hg', '.svn', '__pycache__'])
const MAX_FILES = 100_000

/** Files below a folder, relative to it, for when git does not say. Links are not followed, folders without permission skipped. */
export async function walk(folder: string): Promise<string[]> {
  const files: string[] = []
  const folders = ['']
  for (let at = folders.pop(); at !== undefined && files.length < MAX_FILES; at = folders.pop()) {
    const entries = await readdir(join(folder, at), { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) folders.push(path)
      else if (entry.isFile()) files.push(path)
    }
  }
  return files.sort()
}
