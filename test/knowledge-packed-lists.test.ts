/** Archives of mail that gzip packed, and what a source remembers from one reading to the next. */
import { appendFileSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Source, SourceItem } from '../src/knowledge/source.ts'
import { mailingListSource } from '../src/knowledge/sources/mailing-list.ts'

const signal = new AbortController().signal
let folder: string
let source: Source
/** What was stored so far: revisions by key. */
let known: Map<string, string>

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'packed-'))
  source = newSource()
  known = new Map()
})
afterEach(() => rmSync(folder, { recursive: true }))

function newSource(limits?: { unpackedBytes: number }): Source {
  return mailingListSource({ type: 'mailing-list', name: 'zebras', list: 'zebras', path: folder, trustedAuthors: [] }, limits)
}

function mail(id: string, body = `Message ${id}.`, headers = ''): string {
  return `From ada@example.org Mon Jan  5 10:00:00 2026\nFrom: Ada <ada@example.org>\nDate: Mon, 5 Jan 2026 10:00:00 +0100\nSubject: About ${id}\nMessage-ID: <${id}>\n${headers}\n${body}\n\n`
}

const at = (name: string): string => join(folder, name)

interface Read {
  documents: string[]
  unchanged: string[]
  failed: string[]
  /** Of messages that were looked at. */
  progress: string[]
  error: Error | undefined
}

/** Reads as a sync does, and stores. */
async function read(one = source): Promise<Read> {
  const result: Read = { documents: [], unchanged: [], failed: [], progress: [], error: undefined }
  const items: SourceItem[] = []
  try {
    for await (const item of one.read(new Map(known), { signal, progress: (what) => result.progress.push(what) })) items.push(item)
  } catch (error) {
    result.error = error as Error
  }
  for (const item of items) {
    if (item.kind === 'document') {
      known.set(item.document.key, item.document.revision)
      result.documents.push(item.document.key)
    } else if (item.kind === 'unchanged') result.unchanged.push(item.key)
    else result.failed.push(`${item.key}: ${item.reason}`)
  }
  return result
}

describe('packed files', () => {
  test('are read by what they are, not by their names, in several members too', async () => {
    writeFileSync(at('a.mbox.gz'), Buffer.concat([gzipSync(mail('1')), gzipSync(mail('2'))]))
    writeFileSync(at('b.mbox'), gzipSync(mail('3')))
    writeFileSync(at('c.gz'), mail('4'))
    expect(await read()).toMatchObject({ documents: ['1', '2', '3', '4'], failed: [], error: undefined })
    expect(await read()).toMatchObject({ documents: [], unchanged: ['1', '2', '3', '4'] })
    // Elsewhere it is read anew, with the same result.
    expect(await read(newSource())).toMatchObject({ documents: [], unchanged: ['1', '2', '3', '4'] })
  })

  test.each([
    ['cut off', (packed: Buffer) => packed.subarray(0, packed.length - 20)],
    ['damaged', (packed: Buffer) => Buffer.concat([packed.subarray(0, 400), Buffer.alloc(200), packed.subarray(600)])],
  ])('one that is %s is told, and makes no message look gone', async (_, damage) => {
    const random = Array.from({ length: 400 }, (_, index) => mail(`${index}`, `${Math.sin(index)} ${Math.cos(index)}`)).join('')
    writeFileSync(at('a.gz'), damage(gzipSync(random)))
    const { failed, error } = await read()
    expect(failed).toContainEqual(expect.stringMatching(/^a\.gz: it could not be unpacked: /))
    expect(error).toMatchObject({ name: 'ServiceError' })
  })

  test('a megabyte that unpacks to a gigabyte is left at the limit', async () => {
    writeFileSync(at('bomb.gz'), gzipSync(Buffer.concat([Buffer.from(mail('1')), Buffer.alloc(20 * 1024 * 1024, 'x')])))
    const { failed, error } = await read(newSource({ unpackedBytes: 5 * 1024 * 1024 }))
    expect(failed).toEqual(['bomb.gz: it unpacks to more than 5 MB'])
    expect(error).toMatchObject({ name: 'ServiceError' })
  })
})

describe('read again', () => {
  beforeEach(async () => {
    writeFileSync(at('a'), mail('1') + mail('2'))
    writeFileSync(at('b'), mail('3') + mail('4', 'Cut o').trimEnd())
    await read()
  })

  test('of what only grew the end is read: the last message, which may have been cut off, and the new ones', async () => {
    appendFileSync(at('b'), `ff before.\n\n${mail('5', 'An answer.', 'References: <1>\n')}`)
    writeFileSync(at('c'), mail('6'))
    const grown = await read()
    expect(grown).toMatchObject({ documents: ['4', '5', '6'], unchanged: ['1', '2', '3'], failed: [], error: undefined })
    expect(grown.progress).toEqual(['b: message 1', 'c: message 1'])
    // As if all had been read at once.
    expect(await read(newSource())).toMatchObject({ documents: [], unchanged: ['1', '2', '3', '4', '5', '6'] })
  })

  test('what did not change is not opened', async () => {
    const same = await read()
    expect(same).toMatchObject({ documents: [], unchanged: ['1', '2', '3', '4'] })
    expect(same.progress).toEqual(['b: message 1'])
  })

  test.each([
    ['an earlier file grew', () => appendFileSync(at('a'), mail('7')), ['7'], ['1', '2', '3', '4']],
    ['an earlier file is new', () => writeFileSync(at('aa'), mail('7')), ['7'], ['1', '2', '3', '4']],
    ['the last file was written anew', () => writeFileSync(at('b'), `${mail('7')}${mail('3')}${mail('8')}`), ['7', '8'], ['1', '2', '3']],
    ['the last file is another one', replaceLast, ['7'], ['1', '2']],
    ['a file is gone', () => rmSync(at('a')), [], ['3', '4']],
    ['a message was never stored', () => void known.delete('2'), ['2'], ['1', '3', '4']],
  ])('all is read when %s', async (_, change, documents, unchanged) => {
    change()
    const result = await read()
    expect(result).toMatchObject({ documents, error: undefined })
    expect(result.unchanged.toSorted()).toEqual(unchanged)
  })

  function replaceLast(): void {
    writeFileSync(at('.new'), mail('7').padEnd(2_000, '\n'))
    renameSync(at('.new'), at('b'))
    utimesSync(at('b'), new Date(), new Date())
  }
})
