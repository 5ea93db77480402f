/** A message of a list as a document. */
import type { Block, KnowledgeDocument } from '../document.ts'
import { cleanLine } from './clean.ts'
import { readHtml } from './html-page.ts'
import { TooComplex } from './html-tree.ts'
import { MAX_TITLE_CHARACTERS } from './limits.ts'
import { boundedPatch, type MessagePiece, readMessageText } from './message-text.ts'
import { type MailBody, type MailHeaders, readMailBody } from './mime.ts'

const MAX_PATCHES = 10
const MAX_NAMED = 30

export async function readMessage(
  { raw, bytes }: { raw: Buffer; bytes: number },
  headers: MailHeaders,
  { list, thread, isTrusted }: { list: string; thread: string; isTrusted: boolean },
): Promise<Omit<KnowledgeDocument, 'key' | 'revision'>> {
  const problems = [...headers.problems]
  if (bytes > raw.length) problems.push(`it is ${Math.round(bytes / 1024 / 1024)} MB long; its end was left out`)
  if (headers.id === null) problems.push('it has no message-id; the link leads to its month')
  const body = await bodyOf(raw, problems)
  const { pieces, problems: more } = piecesOf(body)
  const place = { breadcrumb: [shortTitle(thread)], anchor: null, term: null }
  const blocks: Block[] = pieces.map((piece) => ({ ...place, ...piece }))
  return {
    title: shortTitle(headers.subject) || 'No subject',
    url: urlOf(headers, list),
    author: authorOf(headers.from),
    date: headers.date,
    licence: null,
    trust: isTrusted ? 'high' : 'unknown',
    versions: null,
    blocks,
    problems: [...problems, ...body.problems, ...more],
  }
}

async function bodyOf(raw: Buffer, problems: string[]): Promise<MailBody> {
  try {
    return await readMailBody(raw)
  } catch (error) {
    if (!(error instanceof Error && /^Maximum /.test(error.message))) throw error
    problems.push(`it could not be read: ${error.message}`)
    return { text: null, html: null, attachments: [], problems: [] }
  }
}

function piecesOf({ text, html, attachments: all }: MailBody): { pieces: MessagePiece[]; problems: string[] } {
  const { pieces, problems } = text !== null ? readMessageText(text) : html !== null ? readHtmlMessage(html) : { pieces: [], problems: [] }
  const attachments = all.filter(({ mimeType }) => !/^application\/(x-)?(pgp|pkcs7)-signature$/.test(mimeType))
  const named = attachments.slice(0, MAX_NAMED).map(({ name, mimeType, bytes }) => `[attached: ${name}, ${mimeType}, ${sizeOf(bytes)}]`)
  if (attachments.length > MAX_NAMED) named.push(`[${attachments.length - MAX_NAMED} more attachments]`)
  const patches = attachments.flatMap(({ patch }) => (patch === null ? [] : [patch])).slice(0, MAX_PATCHES)
  const last = pieces.at(-1)
  if (named.length > 0 && last?.kind === 'message') last.text += `\n\n${named.join('\n')}`
  else if (named.length > 0) pieces.push({ kind: 'message', text: named.join('\n') })
  for (const patch of patches) {
    const code = boundedPatch(patch.split(/\r?\n/))
    if (code !== '') pieces.push({ kind: 'code', text: code })
  }
  return { pieces, problems }
}

/** Quotes of HTML are elements; what is left is read as text. */
function readHtmlMessage(html: string): { pieces: MessagePiece[]; problems: string[] } {
  try {
    const unquoted = html.replaceAll(/<blockquote\b/gi, '<blockquote hidden')
    const { blocks } = readHtml(unquoted)
    const { pieces, problems } = readMessageText(blocks.map((block) => block.text).join('\n\n'))
    return { pieces: html === unquoted ? pieces : withNote(pieces), problems }
  } catch (error) {
    if (error instanceof TooComplex) return { pieces: [], problems: [`its HTML could not be read: ${error.message}`] }
    throw error
  }
}

function withNote(pieces: MessagePiece[]): MessagePiece[] {
  return [...pieces, { kind: 'message', text: '[quoted text]' }]
}

/** The name somebody goes by. Never an address: of an address without a name, what is before the `@`. */
function authorOf(from: MailHeaders['from']): string | null {
  if (from === null) return null
  const name = cleanLine(from.name)
    .replace(/ via [\w.@-]{1,80}$/i, '')
    .replace(/^["']+|["']+$/g, '')
  const isAddress = name === '' || name.includes('@')
  const author = isAddress ? ((name || from.address).split('@')[0] ?? '') : name
  return shortTitle(author.replaceAll(/[<>]/g, '')) || null
}

function urlOf({ id, date }: MailHeaders, list: string): string {
  if (id !== null) return `https://www.postgresql.org/message-id/${encodeURIComponent(id)}`
  const archive = `https://www.postgresql.org/list/${encodeURIComponent(list)}/`
  return date === null ? archive : `${archive}${date.slice(0, 7)}/`
}

function sizeOf(bytes: number): string {
  return bytes < 10_240 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} kB`
}

function shortTitle(title: string): string {
  const line = cleanLine(title)
  return line.length > MAX_TITLE_CHARACTERS ? `${line.slice(0, MAX_TITLE_CHARACTERS - 1).toWellFormed()}…` : line
}
