/** The last part of a path. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The folder a path is in; `''` for the repository's root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

export function isInside(path: string, folder: string): boolean {
  return folder === '' || path.startsWith(`${folder}/`)
}

/** Directly in the folder, not in a folder of it. */
export function isDirectlyIn(path: string, folder: string): boolean {
  return folderOf(path) === folder
}

/** The folder, the one above it, and so on up to the root. */
export function foldersUp(folder: string): string[] {
  const folders = [folder]
  for (let at = folder; at !== ''; ) {
    at = folderOf(at)
    folders.push(at)
  }
  return folders
}

export function inFolder(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** Paths of files whose name matches, by folder, each folder's sorted. */
export function byFolder(paths: readonly string[], name: RegExp): Map<string, string[]> {
  const folders = new Map<string, string[]>()
  for (const path of paths) {
    if (!name.test(fileName(path))) continue
    const folder = folderOf(path)
    const files = folders.get(folder)
    if (files) files.push(path)
    else folders.set(folder, [path])
  }
  for (const files of folders.values()) files.sort()
  return folders
}

/** By code unit, as Go's and Rust's strings, and most file listings, are ordered. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** By value, whatever the number of digits: `9` before `0010`. Both are digits only. */
export function compareDigits(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')]
  return left.length - right.length || compareText(left, right)
}

/** As a person reads them: runs of digits by value, the rest by code unit. `v2` comes before `v10`. */
export function compareNaturally(a: string, b: string): number {
  const [left, right] = [a.match(/\d+|\D+/g) ?? [], b.match(/\d+|\D+/g) ?? []]
  for (const [index, part] of left.entries()) {
    const other = right[index]
    if (other === undefined) return 1
    const numbers = /^\d/.test(part) && /^\d/.test(other)
    const difference = numbers ? compareDigits(part, other) : compareText(part, other)
    if (difference !== 0) return difference
  }
  return left.length - right.length || compareText(a, b)
}

/** Compares paths by the number their names begin with, then by name: how most tools order `1_a.sql`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [fileName(a), fileName(b)]
  return compareDigits(/^\d+/.exec(left)?.[0] ?? '0', /^\d+/.exec(right)?.[0] ?? '0') || compareText(left, right)
}
