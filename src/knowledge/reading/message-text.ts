/** What somebody wrote in a message, without what they quoted and what their programs added. */
import { cleanLines } from './clean.ts'
import { patchLength } from './patch-text.ts'

export interface MessagePiece {
  kind: 'message' | 'code'
  text: string
}

export interface MessageText {
  pieces: MessagePiece[]
  problems: string[]
}

/** Longer texts are logs and dumps. */
const MAX_CHARACTERS = 200_000
const MAX_PATCH_LINES = 80
/** Behind a signature's mark, more lines than these are no signature. */
const MAX_SIGNATURE_LINES = 15
/** Longer lines are not looked at for what they could be. */
const MAX_LOOKED_AT = 1000

/** Quoted lines become `[12 quoted lines]`, in a paragraph of its own; a patch becomes code, cut to 80 lines. */
export function readMessageText(text: string): MessageText {
  const cut = text.length > MAX_CHARACTERS
  const lines = unescapeFrom(text.slice(0, MAX_CHARACTERS).replaceAll('\r\n', '\n').replaceAll('\0', '').split('\n'))
  const pieces: MessagePiece[] = []
  let kept: string[] = []
  const end = () => {
    const clean = cleanLines(kept.join('\n').replaceAll(/\n{3,}/g, '\n\n'))
    if (clean !== '') pieces.push({ kind: 'message', text: clean })
    kept = []
  }
  let at = 0
  while (at < lines.length) {
    const line = (lines[at] ?? '').slice(0, MAX_LOOKED_AT)
    const quoted = quotedLength(lines, at)
    const patch = quoted > 0 ? 0 : patchLength(lines, at)
    if (quoted > 0) {
      dropAttribution(kept)
      kept.push('', quoteNote(lines.slice(at, at + quoted)), '')
      at += quoted
    } else if (patch > 0) {
      end()
      pieces.push({ kind: 'code', text: boundedPatch(lines.slice(at, at + patch)) })
      at += patch
    } else if (isFooter(lines, at)) break
    else if (isSignature(lines, at)) at += signatureLength(lines, at)
    else {
      if (!PROGRAMS.test(line)) kept.push(lines[at] ?? '')
      at++
    }
  }
  end()
  return { pieces, problems: cut ? [`its text is longer than ${MAX_CHARACTERS} characters; the rest was left out`] : [] }
}

/** A patch as it is shown: what it changes can be read in the archive. */
export function boundedPatch(lines: readonly string[]): string {
  const shown = lines.slice(0, MAX_PATCH_LINES).map((line) => line.slice(0, MAX_LOOKED_AT))
  const left = lines.length - shown.length
  return cleanLines([...shown, ...(left > 0 ? [`[${left} more lines of the patch]`] : [])].join('\n'))
}

const QUOTED = /^ {0,3}>/
const ORIGINAL = /^-{2,}\s?(Original Message|Ursprüngliche Nachricht|Message d'origine|Mensaje original)\s?-{2,}\s*$/i
const PROGRAMS =
  /^(-----BEGIN PGP SIGNED MESSAGE-----|Hash: (SHA|RIPEMD|MD5)[\w, ]{0,40}|Sent from my (iPhone|iPad|Android|mobile|Samsung).{0,60}|Get Outlook for .{0,60}|Sent from Mail for Windows.{0,40})$/

/**
 * Lines that are quoted from here; empty ones between them are with them. Behind the mark of programs that put the answer on top, all
 * are.
 */
function quotedLength(lines: readonly string[], at: number): number {
  const line = (lines[at] ?? '').slice(0, MAX_LOOKED_AT)
  const isRest = ORIGINAL.test(line) || (/^_{20,}\s*$/.test(line) && /^\*?(From|Von|De): ?\*?/.test(lines[at + 1] ?? ''))
  if (isRest) return lines.length - at
  let length = 0
  for (let next = at; next < lines.length; next++) {
    const candidate = lines[next] ?? ''
    if (QUOTED.test(candidate)) length = next - at + 1
    else if (candidate.trim() !== '' || length === 0) break
  }
  return length
}

function quoteNote(quoted: readonly string[]): string {
  const count = quoted.filter((line) => line.trim() !== '').length
  return count === 1 ? '[1 quoted line]' : `[${count} quoted lines]`
}

const ATTRIBUTION = /(wrote|writes|said|schrieb|a écrit|escribió|ha scritto|escreveu|napisał\(?a?\)?|написал|写道)[^.]{0,80}[:：]\s*$/i
const DATED = /^(On|Am|Le|El|Il|Em|At|In|Den|W dniu|\d{1,4}[-./])\b/

/** `On Monday somebody wrote:`, in up to three lines right before a quote. A sentence that leads to the quote stays. */
function dropAttribution(kept: string[]): void {
  while (kept.at(-1)?.trim() === '') kept.pop()
  const tails = [1, 2, 3].filter((count) => count <= kept.length).map((count) => kept.slice(-count).join(' ').trim())
  const isAttribution = (tail: string) => tail.length <= 400 && ATTRIBUTION.test(tail)
  const dated = tails.findIndex((tail) => isAttribution(tail) && DATED.test(tail))
  const [last = ''] = tails
  const isShort = isAttribution(last) && (/[<@]/.test(last) || last.split(/\s+/).length <= 4)
  if (dated >= 0) kept.length -= dated + 1
  else if (isShort) kept.length--
}

const PGP_SIGNATURE = '-----BEGIN PGP SIGNATURE-----'

/** `-- ` with its space; without it only at the end and as a paragraph of its own, as SQL's comments begin so. */
function isSignature(lines: readonly string[], at: number): boolean {
  if (lines[at] === '-- ' || lines[at] === PGP_SIGNATURE) return true
  if (lines[at] !== '--' || lines[at - 1]?.trim() !== '') return false
  const rest = lines.slice(at + 1, at + 100).filter((line) => line.trim() !== '')
  return rest.length <= 6 && !rest.some((line) => QUOTED.test(line) || /[;,]\s*$|--/.test(line))
}

function signatureLength(lines: readonly string[], at: number): number {
  const pgpEnd = lines[at] === PGP_SIGNATURE ? lines.indexOf('-----END PGP SIGNATURE-----', at) : -1
  if (pgpEnd >= 0) return pgpEnd - at + 1
  let next = at + 1
  while (next < lines.length && !QUOTED.test(lines[next] ?? '') && !ORIGINAL.test(lines[next] ?? '')) next++
  if (next - at <= MAX_SIGNATURE_LINES) return next - at
  const paragraph = lines.slice(at + 1).findIndex((line) => line.trim() === '')
  return paragraph < 0 ? 1 : Math.min(paragraph + 1, MAX_SIGNATURE_LINES)
}

/** What the list's own program added below. */
function isFooter(lines: readonly string[], at: number): boolean {
  const line = lines[at] ?? ''
  if (/^-{5,}\s?\(end of broadcast\)\s?-{5,}\s*$/.test(line.slice(0, 200))) return true
  if (/^Sent via \S{1,80} mailing list \(/.test(line)) return true
  return /^_{30,}\s*$/.test(line) && lines.slice(at + 1, at + 3).some((next) => /mailing list\b/i.test(next.slice(0, 200)))
}

/** `>From` at the beginning of a line that is in no quote was `From`, before the mail was put into its file. */
function unescapeFrom(lines: string[]): string[] {
  const isQuoted = (line: string | undefined) => line?.startsWith('>') ?? false
  return lines.map((line, at) => (line.startsWith('>From ') && !isQuoted(lines[at - 1]) && !isQuoted(lines[at + 1]) ? line.slice(1) : line))
}
