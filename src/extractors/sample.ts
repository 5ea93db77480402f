import type { ReadFile } from './extractor.ts'
import { foldersUp, inFolder } from './names.ts'

/** Texts of the first, the middle and the last file: enough to know whose files they are without reading a whole history. */
export async function sample(files: readonly string[], read: ReadFile): Promise<string[]> {
  const picked = new Set([files[0], files[files.length >> 1], files.at(-1)])
  const texts = await Promise.all([...picked].map((path) => (path === undefined ? undefined : read(path))))
  return texts.filter((text) => text !== undefined)
}

/** Does one of the sampled files match? */
export async function someMatch(files: readonly string[], read: ReadFile, pattern: RegExp): Promise<boolean> {
  return (await sample(files, read)).some((text) => pattern.test(text))
}

/** The nearest file of that name in the folder or above it. */
export async function nearest(folder: string, name: string, read: ReadFile): Promise<string | undefined> {
  for (const at of foldersUp(folder)) {
    const text = await read(inFolder(at, name))
    if (text !== undefined) return text
  }
  return undefined
}

/** Those folders whose sampled files match. */
export async function foldersThatMatch(folders: ReadonlyMap<string, string[]>, read: ReadFile, pattern: RegExp): Promise<string[]> {
  const found: string[] = []
  for (const [folder, files] of folders) if (await someMatch(files, read, pattern)) found.push(folder)
  return found
}
