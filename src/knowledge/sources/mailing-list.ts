/** Messages of a mailing list, from mbox files somebody downloaded. */
import { createHash } from 'node:crypto'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ServiceError, UserError } from '../../errors.ts'
import type { SourceDeclaration } from '../declaration.ts'
import { compareFile, type FileMark, markFile } from '../reading/grown-files.ts'
import { MAX_UNPACKED_BYTES } from '../reading/limits.ts'
import { MailThreads } from '../reading/mail-threads.ts'
import { splitMbox } from '../reading/mbox.ts'
import { readMessage } from '../reading/message.ts'
import { readMailHeaders } from '../reading/mime.ts'
import { TooLarge, unpackedFile } from '../reading/unpacked.ts'
import type { ReadContext, Source, SourceItem } from '../source.ts'

type Declaration = Extract<SourceDeclaration, { type: 'mailing-list' }>

/** Part of every revision: counted up when messages are read otherwise than before. */
const READERS = 1

/**
 * Files by name, packed with gzip or not, messages in their order; a message that is there twice counts once. The archive's month files are named so that threads
 * come before their answers. Read again while this lives, of files that only grew the new messages alone are read. A UserError when there is nothing at `path`.
 */
export function mailingListSource(
  declaration: Declaration,
  limits: { unpackedBytes: number } = { unpackedBytes: MAX_UNPACKED_BYTES },
): Source {
  let memory: Memory | undefined
  return {
    async *read(known, context) {
      const files = await filesOf(declaration.path)
      const before = memory
      memory = undefined
      const resumed = before && (await whereToGoOn(before, files, known))
      const { threads, seen, marks } = resumed ? before : newMemory()
      if (resumed) for (const key of known.keys()) if (seen.has(hashOf(key)) && key !== resumed.last?.key) yield { kind: 'unchanged', key }
      if (resumed?.last?.key !== undefined) seen.delete(hashOf(resumed.last.key))
      const reading = new Reading(declaration, { known, context, threads, seen, limits })
      let last = resumed && before?.last
      for (const file of files.slice(resumed?.file ?? 0)) {
        const start = file.name === resumed?.last?.file ? resumed.last.offset : 0
        marks.set(file.name, await markFile(file.path).catch(() => undefined))
        yield* reading.file(file, start)
        last = reading.last
      }
      // Nobody should take the messages of a file that could not be read for gone.
      if (reading.lost !== undefined) throw new ServiceError('files', reading.lost)
      memory = { threads, seen, marks, last }
    },
  }
}

/** What a reading leaves to the next. */
interface Memory {
  threads: MailThreads
  /** By the hash of a message-id: what tells its message from another with the same id. */
  seen: Map<number, number>
  /** Undefined of a file that could not be looked at. */
  marks: Map<string, FileMark | undefined>
  /** It may have been written only in part. */
  last: LastMessage | undefined
}

interface LastMessage {
  file: string
  offset: number
  /** Undefined when it was there before, or could not be read. */
  key: string | undefined
}

function newMemory(): Memory {
  return { threads: new MailThreads(), seen: new Map(), marks: new Map(), last: undefined }
}

/** Undefined when all is to be read: where more than the end changed, or when not all that was read is stored. */
async function whereToGoOn(
  { seen, marks, last }: Memory,
  files: readonly MailFile[],
  known: ReadonlyMap<string, string>,
): Promise<{ file: number; last: LastMessage | undefined } | undefined> {
  let stored = 0
  for (const key of known.keys()) if (seen.has(hashOf(key))) stored++
  const read = files.slice(0, marks.size)
  // New files come after those that were read, or all is in another order.
  if (stored !== seen.size || last === undefined || read.length !== marks.size || read.at(-1)?.name !== last.file) return undefined
  for (const { name } of read) {
    const mark = marks.get(name)
    const state = mark ? await compareFile(mark).catch(() => 'other') : 'other'
    if (state === 'other' || (state === 'grown' && name !== last.file)) return undefined
  }
  // Only what is not packed can be read from its middle.
  return marks.get(last.file)?.isPacked ? { file: read.length, last: undefined } : { file: read.length - 1, last }
}

class Reading {
  readonly #declaration: Declaration
  readonly #known: ReadonlyMap<string, string>
  readonly #context: ReadContext
  readonly #threads: MailThreads
  readonly #seen: Map<number, number>
  readonly #limits: { unpackedBytes: number }
  readonly #trusted: Set<string>
  readonly #now = new Date()
  /** Why messages may be missing. */
  lost: string | undefined
  /** Of the file that was read last. */
  last: LastMessage | undefined

  constructor(
    declaration: Declaration,
    {
      known,
      context,
      threads,
      seen,
      limits,
    }: Pick<Memory, 'threads' | 'seen'> & { known: ReadonlyMap<string, string>; context: ReadContext; limits: { unpackedBytes: number } },
  ) {
    this.#declaration = declaration
    this.#known = known
    this.#context = context
    this.#threads = threads
    this.#seen = seen
    this.#limits = limits
    this.#trusted = new Set(declaration.trustedAuthors.map((address) => address.trim().toLowerCase()))
  }

  /** From `start`, where a message begins. */
  async *file({ name, path }: MailFile, start: number): AsyncGenerator<SourceItem> {
    const { signal, progress } = this.#context
    this.last = undefined
    let count = 0
    try {
      for await (const item of splitMbox(unpackedFile(path, { start, most: this.#limits.unpackedBytes, signal }))) {
        signal.throwIfAborted()
        if (item.kind === 'stray') {
          yield { kind: 'failed', key: name, reason: `its first ${item.bytes} bytes are no message of an mbox; they were left out` }
          continue
        }
        if (count++ % 100 === 0) progress(`${name}: message ${count}`)
        const offset = start + item.message.offset
        this.last = { file: name, offset, key: undefined }
        yield* this.#message({ ...item.message, offset }, name)
      }
    } catch (error) {
      const reason = signal.aborted ? undefined : unreadable(error)
      if (reason === undefined) throw error
      this.lost ??= `${name}: ${reason}`
      yield { kind: 'failed', key: name, reason }
    }
  }

  async *#message(message: { raw: Buffer; separator: string; offset: number; bytes: number }, file: string): AsyncGenerator<SourceItem> {
    const place = `${file}@${message.offset}`
    const { headers, reason } = await headersOf(message.raw, { separator: message.separator, now: this.#now })
    if (headers === undefined) {
      yield { kind: 'failed', key: place, reason }
      return
    }
    const content = createHash('sha256').update(message.raw).digest()
    const key = headers.id ?? `without-id:${content.toString('base64url').slice(0, 32)}`
    const identity = numberOf(
      createHash('sha256')
        .update(JSON.stringify([headers.from?.address, headers.subject, headers.date]))
        .digest(),
    )
    const id = hashOf(key)
    const seen = this.#seen.get(id)
    if (seen !== undefined) {
      if (seen !== identity) yield { kind: 'failed', key: place, reason: `another message has its id ${key}; it was left out` }
      return
    }
    this.#seen.set(id, identity)
    if (this.last) this.last.key = key
    const thread = this.#threads.place(key, headers)
    const isTrusted = headers.from !== null && this.#trusted.has(headers.from.address.toLowerCase())
    const { list } = this.#declaration
    const revision = createHash('sha256')
      .update(JSON.stringify([READERS, list, thread, isTrusted, message.bytes]))
      .update(content)
      .digest('base64url')
      .slice(0, 32)
    if (this.#known.get(key) === revision) {
      yield { kind: 'unchanged', key }
      return
    }
    yield { kind: 'document', document: { key, revision, ...(await readMessage(message, headers, { list, thread, isTrusted })) } }
  }
}

async function headersOf(raw: Buffer, context: { separator: string; now: Date }) {
  try {
    const headers = await readMailHeaders(raw, context)
    if (headers.id === null && headers.from === null && headers.subject === '')
      return { reason: 'it has no headers: it was cut off or is no mail' }
    return { headers, reason: '' }
  } catch (error) {
    // What postal-mime refuses has no class of its own.
    if (error instanceof Error && /^Maximum /.test(error.message)) return { reason: error.message }
    throw error
  }
}

function hashOf(key: string): number {
  return numberOf(createHash('sha256').update(key).digest())
}

/** Undefined for what is no fault of the file. */
function unreadable(error: unknown): string | undefined {
  if (error instanceof TooLarge) return error.message
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? String(error.code) : ''
  if (code.startsWith('Z_')) return `it could not be unpacked: ${error.message}`
  return 'syscall' in error ? `it could not be read: ${code || error.message}` : undefined
}

/** 52 bits: among a million messages the chance that two are taken for one is one in ten thousand. */
function numberOf(hash: Buffer): number {
  return hash.readUIntBE(0, 6) * 16 + ((hash[6] ?? 0) >> 4)
}

interface MailFile {
  name: string
  path: string
}

/** By name, so that a sync that was cut off meets the same order. Hidden files and links are no archives. */
async function filesOf(path: string): Promise<MailFile[]> {
  try {
    const root = await realpath(path)
    if ((await stat(root)).isFile()) return [{ name: basename(root), path: root }]
    const entries = await readdir(root, { withFileTypes: true, recursive: true })
    return entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ name: file.slice(root.length + 1), path: file }))
      .sort((left, right) => (left.name < right.name ? -1 : 1))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UserError(`There is no folder or file ${path}.`)
    throw new ServiceError('files', `${path} cannot be read: ${code ?? error}`, { cause: error })
  }
}
