/** Whether files have only grown since they were read, as archives of mail do: then their end is all there is to read. */
import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { isPacked } from './unpacked.ts'

const TAIL_BYTES = 64 * 1024

export interface FileMark {
  path: string
  ino: number
  mtimeMs: number
  size: number
  /** Hash of its end. */
  tail: string
  isPacked: boolean
}

/** To be taken before reading: what comes meanwhile is what it has grown by. */
export async function markFile(path: string): Promise<FileMark> {
  const { ino, mtimeMs, size } = await stat(path)
  return { path, ino, mtimeMs, size, tail: await tailOf(path, size), isPacked: await isPacked(path) }
}

/** Grown: what was there is there still, with more behind it. */
export async function compareFile(mark: FileMark): Promise<'same' | 'grown' | 'other'> {
  const { ino, mtimeMs, size } = await stat(mark.path)
  if (ino !== mark.ino || size < mark.size) return 'other'
  if (size === mark.size && mtimeMs === mark.mtimeMs) return 'same'
  return !mark.isPacked && (await tailOf(mark.path, mark.size)) === mark.tail ? 'grown' : 'other'
}

async function tailOf(path: string, end: number): Promise<string> {
  await using file = await open(path)
  const length = Math.min(end, TAIL_BYTES)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, end - length)
  return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('base64url')
}
