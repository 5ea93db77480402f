import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { makeFolder } from '../make-folder.ts'
import type { BaseScript } from './clone.ts'

/** Raise when a snapshot's format, or how a base is replayed, changes. */
const FORMAT = 1
/** A snapshot is 12 to 40 MB. */
const KEPT = 10
const ABANDONED_MS = 3_600_000

/**
 * Snapshots by content. Every prefix of a history has a key, made of the key before it and one more file, so a base that
 * grew starts from the longest part that is stored. The first key is the empty cluster.
 */
export function keysOf(scripts: readonly BaseScript[], pgliteVersion: string): string[] {
  const keys = [digest(`${FORMAT} ${pgliteVersion}`)]
  for (const script of scripts) {
    const texts = script.statements.map((statement) => statement.text)
    keys.push(digest(JSON.stringify([keys.at(-1), script.path, script.sql, texts])))
  }
  return keys
}

/** The number of scripts the best stored snapshot holds, and its file; undefined when none fits. */
export function findSnapshot(folder: string, keys: readonly string[]): { path: string; scripts: number } | undefined {
  const stored = new Set(list(folder))
  const scripts = keys.findLastIndex((key) => stored.has(`${key}.snapshot`))
  return scripts < 0 ? undefined : { path: snapshotPath(folder, keys[scripts] ?? ''), scripts }
}

export function snapshotPath(folder: string, key: string): string {
  return join(folder, `${key}.snapshot`)
}

/** Makes a snapshot the newest, so that it is kept. */
export function touchSnapshot(path: string): void {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // Another process may have removed it after it was read.
  }
}

/** Removes a snapshot and what is kept beside it. */
export function dropSnapshot(path: string): void {
  try {
    for (const name of list(dirname(path))) if (name.startsWith(basename(path))) rmSync(join(dirname(path), name), { force: true })
  } catch {
    // A cache that may only be read.
  }
}

export function readBeside(snapshot: string, name: string): string | undefined {
  try {
    return readFileSync(`${snapshot}.${name}`, 'utf8')
  } catch {
    return undefined
  }
}

export function writeBeside(snapshot: string, name: string, text: string): void {
  const temporary = `${snapshot}.${name}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, text)
    renameSync(temporary, `${snapshot}.${name}`)
  } catch {
    // It is computed again next time.
  }
}

/** Undefined when there is a folder, else why not: `EACCES`. */
export function ensureFolder(folder: string): string | undefined {
  try {
    makeFolder(folder)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

/** Leaves `empty`, which every new base starts from, the newest snapshots, and no file that a killed process left half-written. */
export function pruneCache(folder: string, empty: string, kept = KEPT): void {
  const files = list(folder).flatMap((name) => {
    const path = join(folder, name)
    const time = statSync(path, { throwIfNoEntry: false })?.mtimeMs
    return time === undefined ? [] : [{ path, time }]
  })
  const snapshots = files.filter(({ path }) => path.endsWith('.snapshot') && path !== empty).sort((a, b) => b.time - a.time)
  const abandoned = files.filter(({ path, time }) => path.endsWith('.tmp') && Date.now() - time > ABANDONED_MS)
  for (const { path } of [...snapshots.slice(kept), ...abandoned]) dropSnapshot(path)
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40)
}
