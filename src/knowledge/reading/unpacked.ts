import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'

const CHUNK_BYTES = 64 * 1024

/** It unpacks to more than is read of anything. */
export class TooLarge extends Error {
  override name = 'TooLarge'
}

/** Bytes of a file, unpacked when gzip packed it, whatever it is called; of one that is not packed, from `start` on. TooLarge over `most` unpacked bytes. */
export async function* unpackedFile(
  path: string,
  { start = 0, most, signal }: { start?: number; most: number; signal: AbortSignal },
): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { start, highWaterMark: CHUNK_BYTES, signal })
  try {
    if (start > 0 || !(await isPacked(path))) return yield* file
    const gunzip = createGunzip()
    file.on('error', (error) => gunzip.destroy(error))
    let bytes = 0
    for await (const chunk of file.pipe(gunzip)) {
      bytes += (chunk as Buffer).length
      if (bytes > most) throw new TooLarge(`it unpacks to more than ${Math.round(most / 1024 / 1024).toLocaleString('en')} MB`)
      yield chunk as Buffer
    }
  } finally {
    file.destroy()
  }
}

/** By its first bytes. */
export async function isPacked(path: string): Promise<boolean> {
  await using file = await open(path)
  const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
}
