/** Records of a file, checked: each by itself, and that they follow each other as they should. */
import { z } from 'zod'
import { readHalf } from './half.ts'
import { refused, type TransferFile } from './transfer-file.ts'
import {
  compareKeys,
  isTrustedMore,
  LIMITS,
  mostTrusted,
  type TransferDocument,
  type TransferHeader,
  type TransferPassage,
  TransferRecord,
} from './transfer-record.ts'

export type TransferSource = TransferHeader['sources'][number]

export interface WholeDocument {
  source: TransferSource
  document: TransferDocument
  passages: Array<TransferPassage & { numbers: number[] | null }>
}

export interface TransferReader {
  header: TransferHeader
  /** To the end of the file. */
  documents: AsyncGenerator<WholeDocument, undefined>
}

/** A UserError for whatever an export would not have written. */
export async function readTransfer(file: TransferFile, path: string, signal: AbortSignal): Promise<TransferReader> {
  const records = recordsOf(file.lines(signal), path)
  const first = await records.next()
  if (first.done || first.value.kind !== 'header') {
    await records.return(undefined)
    throw refused(path, 'it does not begin with a header')
  }
  const header = first.value
  const names = header.sources.map(({ declaration }) => declaration.name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) {
    await records.return(undefined)
    throw refused(path, `it has two sources of the name ${twice}`)
  }
  return { header, documents: documentsOf(records, header, path) }
}

async function* recordsOf(lines: AsyncGenerator<string>, path: string): AsyncGenerator<TransferRecord, undefined> {
  let number = 0
  for await (const line of lines) {
    number++
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      throw refused(path, `record ${number} is no JSON`)
    }
    const result = TransferRecord.safeParse(value)
    if (!result.success) throw refused(path, `record ${number}: ${oneLine(z.prettifyError(result.error))}`)
    yield result.data
  }
  return undefined
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300)
}

async function* documentsOf(
  records: AsyncGenerator<TransferRecord, undefined>,
  header: TransferHeader,
  path: string,
): AsyncGenerator<WholeDocument, undefined> {
  const order = new Order(header, path)
  let current: WholeDocument | undefined
  let characters = 0
  for await (const record of records) {
    if (record.kind === 'passage') {
      if (!current) throw refused(path, 'a passage is of no document')
      characters += record.text.length
      if (characters > LIMITS.textCharacters) throw refused(path, `the document ${current.document.key.slice(0, 200)} is too long`)
      current.passages.push({ ...record, numbers: order.passage(record, current.passages.length) })
      continue
    }
    if (current) yield current
    current = undefined
    characters = 0
    if (record.kind === 'document') current = { source: order.document(record), document: record, passages: [] }
    else order.mark(record)
  }
  order.finish()
  return undefined
}

/** What came so far, and what may come next. */
class Order {
  readonly #header: TransferHeader
  readonly #path: string
  #source = -1
  #key: string | undefined
  #isEnded = false
  readonly #counts = { documents: 0, passages: 0, vectors: 0 }
  /** Of the source that is read. */
  #own = { documents: 0, passages: 0 }

  constructor(header: TransferHeader, path: string) {
    this.#header = header
    this.#path = path
  }

  document(document: TransferDocument): TransferSource {
    const source = this.#header.sources[this.#source]
    if (this.#isEnded || !source) throw refused(this.#path, 'a document is of no source')
    if (this.#key !== undefined && compareKeys(this.#key, document.key) >= 0)
      throw refused(this.#path, `documents of ${source.declaration.name} are not in the order of their keys`)
    if (isTrustedMore(document.trust, mostTrusted(source.declaration)))
      throw refused(this.#path, `${source.declaration.name} is trusted more than a source of its type (${source.declaration.type}) is`)
    this.#key = document.key
    this.#counts.documents++
    this.#own.documents++
    return source
  }

  /** Gives the numbers of its vector. */
  passage({ position, vector }: TransferPassage, place: number): number[] | null {
    if (position !== place) throw refused(this.#path, 'passages of a document are not in their order')
    if (place >= LIMITS.passages) throw refused(this.#path, `a document has more than ${LIMITS.passages} passages`)
    this.#counts.passages++
    this.#own.passages++
    if (vector === null) return null
    this.#counts.vectors++
    return this.#numbers(vector)
  }

  mark(record: Exclude<TransferRecord, { kind: 'document' | 'passage' }>): void {
    if (this.#isEnded) throw refused(this.#path, 'something comes after its end')
    if (record.kind === 'header') throw refused(this.#path, 'it has two headers')
    this.#endSource()
    if (record.kind === 'source') {
      this.#source++
      if (this.#header.sources[this.#source]?.declaration.name !== record.name)
        throw refused(this.#path, `the source ${record.name.slice(0, 70)} is not the one its header has at that place`)
      return
    }
    const { documents, passages, vectors } = this.#counts
    if (this.#source !== this.#header.sources.length - 1) throw refused(this.#path, 'sources are missing')
    if (record.documents !== documents || record.passages !== passages || record.vectors !== vectors)
      throw refused(this.#path, 'it has more or less in it than its end says')
    this.#isEnded = true
  }

  finish(): void {
    if (!this.#isEnded) throw refused(this.#path, 'its end is missing')
  }

  #endSource(): void {
    const source = this.#header.sources[this.#source]
    if (source && (source.documents !== this.#own.documents || source.passages !== this.#own.passages))
      throw refused(this.#path, `${source.declaration.name} has more or less in it than the header says`)
    this.#own = { documents: 0, passages: 0 }
    this.#key = undefined
  }

  #numbers(vector: string): number[] {
    const { embedding } = this.#header
    if (!embedding) throw refused(this.#path, 'it has vectors, and names no model of them')
    const bytes = Buffer.from(vector, 'base64')
    const { dimensions, bytesPerNumber: size } = embedding
    if (bytes.length !== dimensions * size || bytes.toString('base64') !== vector)
      throw refused(this.#path, `a vector has not the ${dimensions} numbers that the header says`)
    const numbers = Array.from({ length: dimensions }, (_, at) =>
      size === 2 ? readHalf(bytes.readUInt16BE(at * size)) : bytes.readFloatBE(at * size),
    )
    if (!numbers.every(Number.isFinite) || numbers.every((number) => number === 0))
      throw refused(this.#path, 'a vector has something in it that is no number, or nothing at all')
    return numbers
  }
}
