import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SkippedBase } from '../clone.ts'

/** Files of a stopped cluster that holds a base, and how many of its scripts that are. */
export interface Template {
  folder: string
  data: string
  scripts: number
  skipped: SkippedBase[]
}

/** A cluster is 15 MB and more. A service has one or two for each of its repositories. */
const KEPT = 40
const ABANDONED_MS = 3_600_000
const SUFFIX = '.cluster'
const PART = '.part'

/** The template that holds most of a base whose prefixes have these keys; see `keysOf`. */
export function findTemplate(cacheDir: string, keys: readonly string[]): Template | undefined {
  const stored = new Set(list(cacheDir))
  const scripts = keys.findLastIndex((key) => stored.has(`${key}${SUFFIX}`))
  const folder = join(cacheDir, `${keys[scripts]}${SUFFIX}`)
  if (scripts < 0) return undefined
  touchEmpty(join(cacheDir, `${keys[0]}${SUFFIX}`))
  try {
    utimesSync(folder, new Date(), new Date())
    const skipped = JSON.parse(readFileSync(join(folder, 'skipped.json'), 'utf8')) as SkippedBase[]
    return { folder, data: join(folder, 'data'), scripts, skipped }
  } catch {
    rmSync(folder, { recursive: true, force: true })
    return findTemplate(cacheDir, keys.slice(0, scripts))
  }
}

/** Whatever begins anew starts from it, so it is not the oldest. */
function touchEmpty(folder: string): void {
  try {
    utimesSync(folder, new Date(), new Date())
  } catch {
    // It is made again when it is needed.
  }
}

/** Stores a cluster under a key, whole or not at all; `copyTo` copies its files. Gives its folder. */
export async function storeTemplate(
  cacheDir: string,
  key: string,
  skipped: readonly SkippedBase[],
  copyTo: (data: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheDir, `${key}${SUFFIX}`)
  const part = `${folder}.${randomUUID()}${PART}`
  mkdirSync(part, { recursive: true, mode: 0o700 })
  try {
    await copyTo(join(part, 'data'))
    await writeFile(join(part, 'skipped.json'), JSON.stringify(skipped))
    await rename(part, folder)
  } catch (error) {
    await rm(part, { recursive: true, force: true })
    // Another process was faster.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  await prune(cacheDir)
  return folder
}

async function prune(cacheDir: string): Promise<void> {
  const found = list(cacheDir).flatMap((name) => {
    const path = join(cacheDir, name)
    const time = name.includes(SUFFIX) ? statSync(path, { throwIfNoEntry: false })?.mtimeMs : undefined
    return time === undefined ? [] : [{ path, time }]
  })
  const templates = found.filter(({ path }) => path.endsWith(SUFFIX)).sort((a, b) => b.time - a.time)
  const abandoned = found.filter(({ path, time }) => path.endsWith(PART) && Date.now() - time > ABANDONED_MS)
  for (const { path } of [...templates.slice(KEPT), ...abandoned]) await rm(path, { recursive: true, force: true })
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
