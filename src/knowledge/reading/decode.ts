/** Bytes to text, whatever charset they say they are in. */

export interface Decoded {
  text: string
  /** What had to be guessed. */
  problems: string[]
}

/** Not text: the reason is for the reader of a sync's report. */
export class NotText extends Error {
  override name = 'NotText'
}

const BOMS = [
  { bytes: [0xef, 0xbb, 0xbf], charset: 'utf-8' },
  { bytes: [0xff, 0xfe], charset: 'utf-16le' },
  { bytes: [0xfe, 0xff], charset: 'utf-16be' },
]
/** Browsers look at the first 1,024 bytes; pages with a long head deserve more. */
const PRESCAN_BYTES = 8 * 1024

/**
 * A byte order mark wins, then what is valid UTF-8 (other charsets hardly ever are), then the charset the page declares, then windows-1252, which is what pages
 * mean that say nothing or latin-1. `declared` is what came with the page, such as an HTTP header. Throws NotText for binary files.
 */
export function decode(bytes: Uint8Array, { declared, html = false }: { declared?: string | undefined; html?: boolean } = {}): Decoded {
  const bom = BOMS.find((mark) => mark.bytes.every((byte, at) => bytes[at] === byte))
  if (bom) return checked(new TextDecoder(bom.charset).decode(bytes), [])
  const said = declared ?? (html ? declaredCharset(bytes) : undefined)
  if (said && /^utf-?16/i.test(said) && declared) return checked(decodeAs(bytes, said) ?? '', [])
  if (bytes.subarray(0, PRESCAN_BYTES).includes(0)) throw new NotText('it is not text: it holds bytes of zero')
  const utf8 = decodeUtf8(bytes)
  const ascii = !hasHighBytes(bytes)
  if (utf8 !== undefined && !(ascii && said && /^(iso-2022|hz)/i.test(said))) {
    const misleading = !ascii && said !== undefined && !/^(utf-?8|unicode-1-1-utf-8|utf-?16.*)$/i.test(said)
    return checked(utf8, misleading ? [`it says it is in ${shown(said)}, but it is in utf-8`] : [])
  }
  const isUtf8 = said !== undefined && /^utf-?8$/i.test(said)
  if (said !== undefined && !isUtf8) {
    const text = decodeAs(bytes, said)
    if (text !== undefined) return checked(text, [])
    return checked(new TextDecoder('windows-1252').decode(bytes), [`its charset ${shown(said)} is unknown; it was read as windows-1252`])
  }
  if (mostlyUtf8(bytes))
    return checked(new TextDecoder('utf-8').decode(bytes), ['it is in utf-8 with bytes that are not; they became \ufffd'])
  return checked(new TextDecoder('windows-1252').decode(bytes), [
    isUtf8
      ? 'it says it is in utf-8, but it is not; it was read as windows-1252'
      : 'it does not say its charset; it was read as windows-1252',
  ])
}

function checked(text: string, problems: string[]): Decoded {
  if (text.slice(0, PRESCAN_BYTES).includes('\0')) throw new NotText('it is not text: it holds characters of zero')
  return { text, problems }
}

/** `<?xml encoding="…"?>`, `<meta charset="…">`, `<meta http-equiv="Content-Type" content="text/html; charset=…">`. */
function declaredCharset(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, PRESCAN_BYTES)).replaceAll(/<!--.*?(-->|$)/gs, '')
  return (
    /^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']/i.exec(head)?.[1] ??
    /<meta\s[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{1,40})/i.exec(head)?.[1]
  )
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function decodeAs(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return undefined
  }
}

/** Text that was cut off in the middle of a character, or has a few broken ones: ten times as many good sequences as bad. */
function mostlyUtf8(bytes: Uint8Array): boolean {
  let good = 0
  let bad = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte < 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0
    const follows = length > 0 && bytes.subarray(at + 1, at + length).every((next) => (next & 0xc0) === 0x80)
    if (follows) {
      good++
      at += length - 1
    } else bad++
  }
  return good > bad * 10
}

function hasHighBytes(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte >= 0x80)
}

function shown(charset: string): string {
  return charset.slice(0, 40)
}

/** The beginning of a file, without the part of a character at its end. Other charsets than UTF-8 lose a few bytes at most. */
export function beginning(bytes: Uint8Array, most: number): Uint8Array {
  if (bytes.length < most) return bytes
  let end = most
  while (end > most - 4 && ((bytes[end - 1] as number) & 0xc0) === 0x80) end--
  return bytes.subarray(0, (bytes[end - 1] as number) >= 0xc0 ? end - 1 : most)
}
