/** Files of a folder as a source reads them: in an order that stays, hashed as they are read, nothing outside the folder. */
import { createHash } from 'node:crypto'
import { constants, type Dirent } from 'node:fs'
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, matchesGlob } from 'node:path'
import { ServiceError, UserError } from '../../errors.ts'
import type { KnowledgeDocument } from '../document.ts'
import type { ReadContext, SourceItem } from '../source.ts'
import { beginning, NotText } from './decode.ts'
import { TooComplex } from './html-tree.ts'
import { MAX_FILE_BYTES, MAX_FILES, MAX_FOLDER_DEPTH } from './limits.ts'

/** Part of every revision: a reader that gives other blocks than before, or a splitter other passages, counts it up, and everything is read again. */
const READERS = 1
const CHUNK_BYTES = 256 * 1024

export interface FolderOptions {
  /** A folder, or a single file. */
  path: string
  /** Of files wanted, by their path in the folder, parted by `/`. */
  wanted(key: string): boolean
  /** What else documents depend on, such as the declaration of their source. */
  settings: unknown
  /** Hidden folders and `node_modules` are left out in any case. */
  deep: boolean
  read(key: string, bytes: Uint8Array, place: { isFile: boolean }): Promise<Read> | Read
}

type Read = Omit<KnowledgeDocument, 'key' | 'revision'>

/** UserError when there is nothing to read at `path`. */
export async function* readFolder(
  { path, wanted, settings, deep, read }: FolderOptions,
  known: ReadonlyMap<string, string>,
  { signal, progress }: ReadContext,
): AsyncGenerator<SourceItem> {
  const root = await rootOf(path)
  const base = createHash('sha256').update(JSON.stringify([READERS, settings]))
  for (const { key, file, refused } of await list(root, { wanted, deep, signal })) {
    signal.throwIfAborted()
    if (refused) {
      yield { kind: 'failed', key, reason: refused }
      continue
    }
    progress(key)
    try {
      const { bytes, size, revision } = await hashFile(file, base.copy(), signal)
      if (known.get(key) === revision) {
        yield { kind: 'unchanged', key }
        continue
      }
      const document = await read(key, beginning(bytes, MAX_FILE_BYTES), { isFile: root.isFile })
      const cut = size > bytes.length ? [`it is ${megabytes(size)} long, and only its first ${megabytes(bytes.length)} were read`] : []
      yield { kind: 'document', document: { key, revision, ...document, problems: [...cut, ...document.problems] } }
    } catch (error) {
      if (signal.aborted) throw error
      yield { kind: 'failed', key, reason: reasonOf(error) }
    }
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

/** What is wrong with one file is told; what is wrong with us is not hidden. */
function reasonOf(error: unknown): string {
  if (error instanceof NotText || error instanceof TooComplex) return error.message
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ELOOP') return 'it is a symbolic link, which is not followed'
  if (/^E[A-Z]+$/.test(code)) return `it could not be read: ${code}`
  throw error
}

interface Root {
  path: string
  isFile: boolean
}

async function rootOf(path: string): Promise<Root> {
  try {
    const real = await realpath(path)
    const found = await stat(real)
    if (found.isFile() || found.isDirectory()) return { path: real, isFile: found.isFile() }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      throw new ServiceError('files', `${path} cannot be read: ${code ?? error}`, { cause: error })
  }
  throw new UserError(`There is no folder or file ${path}.`)
}

interface Found {
  /** Path in the folder, with `/`. */
  key: string
  file: string
  /** Why it is not read. */
  refused?: string
}

/** By code point of the whole path, so that a sync that was cut off meets the same order. */
async function list(
  root: Root,
  { wanted, deep, signal }: { wanted(key: string): boolean; deep: boolean; signal: AbortSignal },
): Promise<Found[]> {
  if (root.isFile) return [{ key: basename(root.path), file: root.path }]
  const found: Found[] = []
  const visit = async (folder: string, prefix: string, depth: number): Promise<void> => {
    signal.throwIfAborted()
    for (const entry of await entriesOf(folder, prefix, found)) {
      const key = prefix + entry.name
      const file = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (!deep || entry.name.startsWith('.') || entry.name === 'node_modules') continue
        if (depth >= MAX_FOLDER_DEPTH)
          found.push({ key, file, refused: `folders in it are not read: it is ${MAX_FOLDER_DEPTH} folders down` })
        else await visit(file, `${key}/`, depth + 1)
      } else if (wanted(key)) {
        if (entry.isSymbolicLink()) found.push({ key, file, refused: 'it is a symbolic link, which is not followed' })
        else if (entry.isFile()) found.push({ key, file })
      }
      if (found.length > MAX_FILES) throw new UserError(`${root.path} holds more than ${MAX_FILES} files: name fewer with include.`)
    }
  }
  await visit(root.path, '', 0)
  return found.sort((left, right) => (left.key < right.key ? -1 : 1))
}

async function entriesOf(folder: string, prefix: string, found: Found[]): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (prefix === '') throw new ServiceError('files', `${folder} cannot be read: ${code}`, { cause: error })
    found.push({ key: prefix, file: folder, refused: `the folder cannot be read: ${code}` })
    return []
  }
}

/** The whole file is hashed, as size and time can lie; only what is read is kept. A link put in its place meanwhile is refused. */
async function hashFile(file: string, hash: ReturnType<typeof createHash>, signal: AbortSignal) {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const { size: expected } = await handle.stat()
    const bytes = await readUpTo(handle, Math.min(expected + 1, MAX_FILE_BYTES))
    hash.update(bytes)
    let size = bytes.length
    if (size === MAX_FILE_BYTES) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      for (;;) {
        signal.throwIfAborted()
        const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, size)
        if (bytesRead === 0) break
        hash.update(chunk.subarray(0, bytesRead))
        size += bytesRead
      }
    }
    return { bytes, size, revision: hash.digest('base64url').slice(0, 32) }
  } finally {
    await handle.close()
  }
}

async function readUpTo(handle: FileHandle, most: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(most)
  let length = 0
  while (length < most) {
    const { bytesRead } = await handle.read(buffer, length, most - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

/** All that can be read without any glob; `docs/**` also means what is right in `docs`. */
export function included(key: string, globs: readonly string[]): boolean {
  return globs.length === 0 || globs.some((glob) => matchesGlob(key, glob))
}
