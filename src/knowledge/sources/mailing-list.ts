/** Messages of a mailing list, from mbox files somebody downloaded. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ServiceError, UserError } from '../../errors.ts'
import type { SourceDeclaration } from '../declaration.ts'
import { MailThreads } from '../reading/mail-threads.ts'
import { splitMbox } from '../reading/mbox.ts'
import { readMessage } from '../reading/message.ts'
import { readMailHeaders } from '../reading/mime.ts'
import type { ReadContext, Source, SourceItem } from '../source.ts'

type Declaration = Extract<SourceDeclaration, { type: 'mailing-list' }>

/** Part of every revision: counted up when messages are read otherwise than before. */
const READERS = 1
const CHUNK_BYTES = 64 * 1024

/**
 * Files by name, messages in their order; a message that is there twice counts once. The archive's month files are named so that threads
 * come before their answers. A UserError when there is nothing at `path`.
 */
export function mailingListSource(declaration: Declaration): Source {
  return {
    async *read(known, context) {
      const reading = new Reading(declaration, known, context)
      for (const file of await filesOf(declaration.path)) yield* reading.file(file)
      // Nobody should take the messages of a file that could not be read for gone.
      if (reading.lost !== undefined) throw new ServiceError('files', reading.lost)
    },
  }
}

class Reading {
  readonly #declaration: Declaration
  readonly #known: ReadonlyMap<string, string>
  readonly #context: ReadContext
  readonly #threads = new MailThreads()
  /** By the hash of a message-id: what tells its message from another with the same id. */
  readonly #seen = new Map<number, number>()
  readonly #trusted: Set<string>
  readonly #now = new Date()
  /** Why messages may be missing. */
  lost: string | undefined

  constructor(declaration: Declaration, known: ReadonlyMap<string, string>, context: ReadContext) {
    this.#declaration = declaration
    this.#known = known
    this.#context = context
    this.#trusted = new Set(declaration.trustedAuthors.map((address) => address.trim().toLowerCase()))
  }

  async *file({ name, path }: MailFile): AsyncGenerator<SourceItem> {
    const { signal, progress } = this.#context
    let count = 0
    try {
      for await (const item of splitMbox(createReadStream(path, { highWaterMark: CHUNK_BYTES, signal }))) {
        signal.throwIfAborted()
        if (item.kind === 'stray') {
          yield { kind: 'failed', key: name, reason: `its first ${item.bytes} bytes are no message of an mbox; they were left out` }
          continue
        }
        if (count++ % 100 === 0) progress(`${name}: message ${count}`)
        yield* this.#message(item.message, name)
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof Error && 'syscall' in error)) throw error
      const reason = `it could not be read: ${'code' in error ? error.code : error.message}`
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
    const id = numberOf(createHash('sha256').update(key).digest())
    const seen = this.#seen.get(id)
    if (seen !== undefined) {
      if (seen !== identity) yield { kind: 'failed', key: place, reason: `another message has its id ${key}; it was left out` }
      return
    }
    this.#seen.set(id, identity)
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
