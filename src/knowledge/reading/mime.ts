/** One e-mail as its reader sees it. */
import PostalMime, { type Attachment, addressParser, type Email } from 'postal-mime'
import { cleanLine } from './clean.ts'
import { decode, NotText } from './decode.ts'
import { unfoldFlowed } from './flowed.ts'
import { detached } from './mail-threads.ts'
import { headersEnd } from './mbox.ts'

export interface MailHeaders {
  /** Without brackets; null where there is none one could link to. */
  id: string | null
  subject: string
  /** Null where the header is not just one. */
  from: { name: string; address: string } | null
  /** ISO 8601; null where no header tells one that can be true. */
  date: string | null
  /** Message-ids, the first of the thread first. */
  references: string[]
  problems: string[]
}

export interface MailBody {
  /** Plain, or null for a message that has only HTML. */
  text: string | null
  html: string | null
  attachments: Array<{ name: string; mimeType: string; bytes: number; patch: string | null }>
  problems: string[]
}

/** Nested deeper, or with more headers, nobody wrote it. */
const LIMITS = { maxNestingDepth: 40, maxHeadersSize: 256 * 1024, maxRfc822NestingDepth: 3 }
/** Stands for `flowed` while postal-mime reads: it would unfold a quote together with its answer. */
const FLOWED = 'x-flowed-by-quotes'
/** Each part costs kilobytes, and five bytes make one. */
const MAX_PARTS = 1000
const MAX_REFERENCES = 200
/** The first mail on the lists is of 1996. */
const EARLIEST = Date.UTC(1986, 0, 1)
const DAY_MS = 24 * 60 * 60 * 1000

/** Throws what postal-mime throws for headers over the limits. */
export async function readMailHeaders(raw: Buffer, { separator, now }: { separator: string; now: Date }): Promise<MailHeaders> {
  const head = raw.subarray(0, headersEnd(raw) ?? (raw[0] === 0x0a ? 0 : raw.length))
  const { text, problems } = textOfUnlabelled(head)
  const email = await PostalMime.parse(text, LIMITS)
  const values = (key: string) => email.headers.filter((header) => header.key === key).map((header) => header.value)
  const froms = values('from').flatMap((value) => addressParser(value, { flatten: true }))
  const { date, problem } = dateOf(values('date'), values('received'), separator, now)
  const ids = idsIn([...values('references'), ...values('in-reply-to')].join(' '))
  return {
    id: idOf(values('message-id')[0] ?? ''),
    subject: (email.subject ?? '').replaceAll(/[\0-\x1f\s]+/g, ' ').trim(),
    from: froms.length === 1 ? { name: froms[0]?.name ?? '', address: froms[0]?.address ?? '' } : null,
    date,
    references: ids.slice(0, MAX_REFERENCES),
    problems: problem ? [...problems, problem] : problems,
  }
}

export async function readMailBody(raw: Buffer): Promise<MailBody> {
  const head = raw.toString('latin1', 0, headersEnd(raw) ?? raw.length)
  const problems = isCutOff(raw, head) ? ['it ends before its last part does'] : []
  if (hasTooManyParts(raw))
    return { text: null, html: null, attachments: [], problems: [`it has more than ${MAX_PARTS} parts; none was read`] }
  const marked = markFlowed(raw)
  let email = await PostalMime.parse(marked ?? raw, LIMITS)
  if (isMisread(email, raw)) {
    email = await PostalMime.parse(guessCharset(marked ?? raw), LIMITS)
    problems.push('its charset is not what it says; it was read as windows-1252')
  }
  const attachments = email.attachments.map(attachmentOf)
  const isEmpty = !email.text?.trim() && !email.html?.trim() && attachments.length === 0
  if (isEmpty && problems.length > 0) return { text: textOfUnlabelled(raw.subarray(head.length)).text, html: null, attachments, problems }
  return { text: plainText(email, marked !== undefined), html: email.html ?? null, attachments, problems }
}

function plainText({ text }: Email, isFlowed: boolean): string | null {
  if (text === undefined || text.trim() === '') return null
  return isFlowed ? unfoldFlowed(text.replaceAll(`format=${FLOWED}`, 'format=flowed')) : text
}

/** Content-Type headers of all parts, which are lines of their own wherever they are. */
const CONTENT_TYPES = /^content-type:[^\n]{0,2000}(?:\n[ \t][^\n]{0,2000}){0,20}/gim

function markFlowed(raw: Buffer): Buffer | undefined {
  const text = raw.toString('latin1')
  let found = false
  const marked = text.replaceAll(CONTENT_TYPES, (header) =>
    header.replace(/format\s{0,9}=\s{0,9}"?flowed"?/i, () => {
      found = true
      return `format=${FLOWED}`
    }),
  )
  return found ? Buffer.from(marked, 'latin1') : undefined
}

/**
 * More characters that are none than others beyond ASCII: it is in another charset. A few are of a text that was cut off, or that
 * somebody pasted.
 */
function isMisread({ text = '', html = '' }: Email, raw: Buffer): boolean {
  const broken = (text + html).match(/\ufffd/g)?.length ?? 0
  if (broken === 0) return false
  const others = (text + html).match(/[^\0-\x7f\ufffd]/g)?.length ?? 0
  return broken > others && !raw.includes('\ufffd') && !/=EF=BF=BD/i.test(raw.toString('latin1'))
}

/** What says it is UTF-8 or ASCII, or nothing, and is not: it is in what browsers take latin-1 for. */
function guessCharset(raw: Buffer): Buffer {
  const text = raw.toString('latin1')
  const end = headersEnd(raw) ?? raw.length
  const relabelled = text.replaceAll(CONTENT_TYPES, (header) => {
    if (!/^content-type:\s{0,99}text\//i.test(header)) return header
    const labelled = header.replace(/charset\s{0,9}=\s{0,9}"?[\w.:-]{0,60}"?/i, 'charset=windows-1252')
    return labelled === header ? header.replace(/^(content-type:\s{0,99}text\/[\w.+-]{1,99})/i, '$1; charset=windows-1252') : labelled
  })
  const isLabelled = /^content-type:/im.test(text.slice(0, end))
  return Buffer.from(isLabelled ? relabelled : `Content-Type: text/plain; charset=windows-1252\n${relabelled}`, 'latin1')
}

/** Old messages are in latin-1 without saying so. */
function textOfUnlabelled(head: Buffer): { text: string; problems: string[] } {
  const bytes = head.includes(0) ? head.filter((byte) => byte !== 0) : head
  try {
    const { text } = decode(bytes)
    return { text, problems: [] }
  } catch (error) {
    if (!(error instanceof NotText)) throw error
    return { text: new TextDecoder('windows-1252').decode(bytes), problems: [] }
  }
}

function attachmentOf({ filename, mimeType, content }: Attachment): MailBody['attachments'][number] {
  const name = cleanLine(filename ?? '')
    .slice(0, 200)
    .toWellFormed()
  const bytes = typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content)
  const isPatch = /\.(patch|diff)(\.txt)?$/i.test(name) || /^text\/x-(patch|diff)$/.test(mimeType)
  return { name: name || 'without a name', mimeType: mimeType.slice(0, 100), bytes: bytes.length, patch: isPatch ? patchText(bytes) : null }
}

function patchText(bytes: Uint8Array): string | null {
  try {
    return decode(bytes).text
  } catch (error) {
    if (error instanceof NotText) return null
    throw error
  }
}

/** Whatever its header calls the boundary: the line would be there as often. */
function hasTooManyParts(raw: Buffer): boolean {
  const text = raw.toString('latin1')
  if (!/^content-type:\s{0,99}multipart\//im.test(text)) return false
  const counts = new Map<string, number>()
  for (const [line] of text.matchAll(/^--[^\n]{1,200}/gm)) {
    const count = (counts.get(line) ?? 0) + 1
    if (count > MAX_PARTS) return true
    counts.set(line, count)
  }
  return false
}

/** A multipart message whose last boundary is missing was cut off, or is still being written. */
function isCutOff(raw: Buffer, head: string): boolean {
  const header = CONTENT_TYPES.exec(head)?.[0] ?? ''
  CONTENT_TYPES.lastIndex = 0
  const boundary = /^content-type:\s{0,99}multipart\//i.test(header)
    ? /boundary\s{0,9}=\s{0,9}"?([^";\r\n]{1,100})/i.exec(header)?.[1]
    : undefined
  return boundary !== undefined && !raw.includes(`--${boundary.trim()}--`)
}

function idOf(value: string): string | null {
  const id = (/<([^<>]{1,990})>/.exec(value)?.[1] ?? value).trim()
  // What cannot be part of an address on the web is not an id to cite.
  return id.length > 0 && id.length <= 990 && !/[\0-\x20\x7f<>]/.test(id) && !/^\.{1,2}$/.test(id) && !id.includes('\ufffd')
    ? detached(id.toWellFormed())
    : null
}

function idsIn(value: string): string[] {
  const ids: string[] = []
  for (const [, id] of value.slice(0, 100_000).matchAll(/<([^<>\0-\x20]{1,990})>/g)) ids.push(id as string)
  return [...new Set(ids)]
}

/** The sender's clock, unless it lies; then the time a server received it, the last one first; then what the separator says. */
function dateOf(dates: string[], received: string[], separator: string, now: Date): { date: string | null; problem: string | null } {
  const first = dates[0]?.slice(0, 200) ?? ''
  const believed = possibleDate(first, now)
  if (believed) return { date: believed, problem: null }
  const said = first === '' ? 'has no date' : `has the date ${JSON.stringify(first.slice(0, 60))}, which cannot be`
  for (const line of received) {
    const date = possibleDate(line.slice(line.lastIndexOf(';') + 1).slice(0, 200), now)
    if (date) return { date, problem: `it ${said}; it was received ${date}` }
  }
  const parted = possibleDate(/ ((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? .{10,60})$/.exec(separator)?.[1] ?? '', now)
  return parted ? { date: parted, problem: `it ${said}; the file says ${parted}` } : { date: null, problem: `it ${said}` }
}

function possibleDate(text: string, now: Date): string | null {
  // Names of zones in brackets, and years as `126`, which old programs wrote for 2026.
  const clean = text.replaceAll(/\([^()]{0,60}\)/g, ' ').replace(/\b(1\d\d)(?= \d\d?:)/, (year) => String(1900 + Number(year)))
  const hasZone = /[+-]\d{4}|GMT|UTC|\b[ECMP][SD]T\b|Z\b/.test(clean)
  const time = Date.parse(hasZone ? clean : `${clean} UTC`)
  if (Number.isNaN(time) || time < EARLIEST || time > now.getTime() + DAY_MS) return null
  return new Date(time).toISOString()
}
