/**
 * The file itself: a line that says what it is, records as lines of JSON in zstd, and a SHA-256 of all that. Written beside its name first, so that there is never
 * half a file under it.
 */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { UserError } from '../../errors.ts'
import { FORMAT_VERSION, LIMITS } from './transfer-record.ts'

const HEAD = /^PGWITNESS KNOWLEDGE (\d{1,9})\n/
const HEAD_BYTES = 64
const DIGEST_BYTES = 32
const CHUNK_BYTES = 256 * 1024
/** Of the window that a file may ask memory for: 8 MB, more than what we write needs. */
const WINDOW_LOG = 23
const NEWLINE = 10

/** Gives its size. A UserError when it cannot be written. */
export async function writeTransferFile(path: string, lines: AsyncIterable<string>, signal: AbortSignal): Promise<number> {
  const partial = `${path}.${process.pid}.partial`
  const hash = createHash('sha256')
  let bytes = 0
  try {
    await pipeline(
      grouped(lines),
      createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 5, [constants.ZSTD_c_windowLog]: WINDOW_LOG - 1 } }),
      async function* (chunks: AsyncIterable<Buffer>) {
        const told = (chunk: Buffer): Buffer => {
          hash.update(chunk)
          bytes += chunk.length
          return chunk
        }
        yield told(Buffer.from(`PGWITNESS KNOWLEDGE ${FORMAT_VERSION}\n`))
        for await (const chunk of chunks) yield told(chunk)
        bytes += DIGEST_BYTES
        yield hash.digest()
      },
      createWriteStream(partial, { flags: 'w', mode: 0o600, flush: true }),
      { signal },
    )
    await rename(partial, path)
    return bytes
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {})
    throw fileError(path, 'written', error)
  }
}

/** Of small lines one by one, compressing would take most of the time for calls. */
async function* grouped(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let group: string[] = []
  let length = 0
  for await (const line of lines) {
    group.push(line, '\n')
    length += line.length
    if (length < CHUNK_BYTES) continue
    yield Buffer.from(group.join(''))
    group = []
    length = 0
  }
  if (group.length > 0) yield Buffer.from(group.join(''))
}

export interface TransferFile extends AsyncDisposable {
  bytes: number
  /** From the beginning, each time. A UserError when what is compressed is damaged or too much. */
  lines(signal: AbortSignal): AsyncGenerator<string>
  /** A UserError when anything was changed or cut off. */
  verify(signal: AbortSignal): Promise<void>
}

/** A UserError when it is not an export of a knowledge base, or of a newer version. */
export async function openTransferFile(path: string): Promise<TransferFile> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw fileError(path, 'read', error)
  })
  try {
    const start = await readHead(handle, path)
    const { size } = await handle.stat()
    const end = size - DIGEST_BYTES
    if (end <= start) throw new UserError(`${path} is cut off: it ends before there is anything in it.`)
    const chunks = (from: number): AsyncIterable<Buffer> =>
      handle.createReadStream({ start: from, end: end - 1, autoClose: false, highWaterMark: CHUNK_BYTES })
    return {
      bytes: size,
      lines: (signal) => linesOf(chunks(start), { path, most: (end - start) * LIMITS.ratio + LIMITS.allowanceBytes }, signal),
      async verify(signal) {
        const hash = createHash('sha256')
        for await (const chunk of chunks(0)) {
          signal.throwIfAborted()
          hash.update(chunk)
        }
        const { buffer } = await handle.read(Buffer.alloc(DIGEST_BYTES), 0, DIGEST_BYTES, end)
        if (!hash.digest().equals(buffer))
          throw new UserError(`${path} was cut off or changed since it was exported: its checksum is another. Nothing was imported.`)
      },
      [Symbol.asyncDispose]: async () => await handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Gives where the records begin. */
async function readHead(handle: FileHandle, path: string): Promise<number> {
  if (!(await handle.stat()).isFile()) throw new UserError(`${path} is no file; an import reads it more than once.`)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
  const [head, version] = HEAD.exec(buffer.toString('latin1', 0, bytesRead)) ?? []
  if (head === undefined) throw new UserError(`${path} is no knowledge base that pgwitness kb export wrote.`)
  if (Number(version) !== FORMAT_VERSION)
    throw new UserError(`${path} is of format ${version}, and this pgwitness reads ${FORMAT_VERSION}. Import it with a newer one.`)
  return head.length
}

async function* linesOf(
  compressed: AsyncIterable<Buffer>,
  { path, most }: { path: string; most: number },
  signal: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let rest: Buffer[] = []
  let restBytes = 0
  let total = 0
  for await (const chunk of decompressed(compressed, path, signal)) {
    total += chunk.length
    if (total > most) throw refused(path, `it unpacks to more than ${LIMITS.ratio} times its size`)
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, at)])
      if (line.length > LIMITS.recordBytes) throw refused(path, `a record is longer than ${LIMITS.recordBytes} bytes`)
      yield decodedLine(decoder, line, path)
      rest = []
      restBytes = 0
      from = at + 1
    }
    restBytes += chunk.length - from
    if (restBytes > LIMITS.recordBytes) throw refused(path, `a record is longer than ${LIMITS.recordBytes} bytes`)
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  if (restBytes > 0) throw refused(path, 'its last record has no end')
}

function decodedLine(decoder: InstanceType<typeof TextDecoder>, line: Buffer, path: string): string {
  try {
    return decoder.decode(line)
  } catch {
    throw refused(path, 'it is not in UTF-8')
  }
}

async function* decompressed(compressed: AsyncIterable<Buffer>, path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const unpacking = createZstdDecompress({ chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } })
  const ended = pipeline(compressed, unpacking, { signal })
  ended.catch(() => {})
  try {
    for await (const chunk of unpacking) yield chunk as Buffer
    await ended
  } catch (error) {
    signal.throwIfAborted()
    if (/^(?:Z_|ZSTD_)/.test(String((error as { code?: unknown }).code))) throw refused(path, 'what is compressed in it is damaged')
    throw fileError(path, 'read', error)
  } finally {
    unpacking.destroy()
    await ended.catch(() => {})
  }
}

/** Nothing is stored before a file was read to its end once. */
export function refused(path: string, why: string): UserError {
  return new UserError(`${path} is not what pgwitness kb export writes: ${why}. Nothing was imported.`)
}

function fileError(path: string, what: 'read' | 'written', error: unknown): unknown {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  return syscall === undefined ? error : new UserError(`${path} cannot be ${what}: ${String(code)}.`, { cause: error })
}
