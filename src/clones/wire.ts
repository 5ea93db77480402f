import type { DatabaseError, Notice } from './clone.ts'

/** Messages of the Postgres protocol, as far as a clone speaks it: https://www.postgresql.org/docs/current/protocol-message-formats.html */

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What the server said to one simple query or one execution, up to its end. */
export interface Reply {
  /** One entry a statement that completed: the command tag, and the notices that came before it. */
  completed: Array<{ tag: string; notices: Notice[] }>
  /** Notices after the last completed statement: those of the one that failed. */
  notices: Notice[]
  error?: DatabaseError
  /** Values as text by column name; kept only when asked for. */
  rows: Array<Record<string, string | null>>
  rowCount: number
  /** Transaction status at the end: `I` idle, `T` in a block, `E` in a failed one; undefined when the server said nothing. */
  status?: string
}

/** Several statements in one message, which makes them one implicit transaction. */
export function queryMessage(sql: string): Uint8Array {
  return message('Q', text(sql))
}

/** Prepares one statement under a name; the server refuses a text of several. */
export function parseMessage(name: string, sql: string): Uint8Array {
  return message('P', text(name), text(sql), new Uint8Array(2))
}

/** Executes a prepared statement, and asks for a description of its rows. Parameters are sent as text. */
export function executeMessage(name: string, parameters: readonly string[] = []): Uint8Array {
  const values = parameters.map((value) => {
    const bytes = encoder.encode(value)
    return join([int32(bytes.length), bytes])
  })
  const bind = message('B', text(''), text(name), int16(0), int16(parameters.length), ...values, int16(0))
  return join([bind, message('D', encoder.encode('P'), text('')), message('E', text(''), int32(0))])
}

/** Ends COPY FROM STDIN, for which no data will ever come; the server ignores it otherwise. */
export function copyFailMessage(): Uint8Array {
  return message('f', text('no data is sent to a clone'))
}

export function syncMessage(): Uint8Array {
  return message('S')
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Reads replies as they stream in. Rows nobody asked for are counted and dropped, so a large result costs no memory. */
export function replyReader(keepRows: boolean): { push(bytes: Uint8Array): void; reply: Reply } {
  const reply: Reply = { completed: [], notices: [], rows: [], rowCount: 0 }
  let pending: Uint8Array = new Uint8Array(0)
  let columns: string[] = []
  const take = (type: string, body: Uint8Array): void => {
    if (type === 'T') columns = readColumns(body)
    else if (type === 'D') {
      reply.rowCount += 1
      if (keepRows) reply.rows.push(readRow(body, columns))
    } else if (type === 'C' || type === 'I') {
      reply.completed.push({ tag: type === 'C' ? readText(body, 0) : '', notices: reply.notices })
      reply.notices = []
    } else if (type === 'E') reply.error ??= readError(body)
    else if (type === 'N') reply.notices.push(readNotice(body))
    else if (type === 'Z') reply.status = String.fromCharCode(body[0] ?? 0)
  }
  return {
    reply,
    push(bytes) {
      const all = pending.length === 0 ? bytes : join([pending, bytes])
      const view = new DataView(all.buffer, all.byteOffset, all.byteLength)
      let at = 0
      while (at + 5 <= all.length) {
        const end = at + 1 + view.getInt32(at + 1)
        if (end > all.length) break
        take(String.fromCharCode(all[at] ?? 0), all.subarray(at + 5, end))
        at = end
      }
      // The bytes belong to the server's memory and change after this call.
      pending = all.slice(at)
    },
  }
}

/** `3` of `INSERT 0 3` and `UPDATE 3`; undefined for commands that report none. */
export function rowsOfTag(tag: string): number | undefined {
  const digits = /^(?:INSERT \d+|UPDATE|DELETE|SELECT|MERGE|COPY|FETCH|MOVE) (\d+)$/.exec(tag)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function message(type: string, ...parts: Uint8Array[]): Uint8Array {
  const body = join(parts)
  return join([encoder.encode(type), int32(body.length + 4), body])
}

function text(value: string): Uint8Array {
  return encoder.encode(`${value}\0`)
}

function int16(value: number): Uint8Array {
  const bytes = new Uint8Array(2)
  new DataView(bytes.buffer).setInt16(0, value)
  return bytes
}

function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, value)
  return bytes
}

function readText(body: Uint8Array, at: number): string {
  const end = body.indexOf(0, at)
  return decoder.decode(body.subarray(at, end < 0 ? body.length : end))
}

function readColumns(body: Uint8Array): string[] {
  const names: string[] = []
  const count = new DataView(body.buffer, body.byteOffset).getInt16(0)
  let at = 2
  for (let i = 0; i < count; i += 1) {
    names.push(readText(body, at))
    at = body.indexOf(0, at) + 19
  }
  return names
}

function readRow(body: Uint8Array, columns: readonly string[]): Record<string, string | null> {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const row: Record<string, string | null> = {}
  let at = 2
  for (const column of columns) {
    const length = view.getInt32(at)
    at += 4
    row[column] = length < 0 ? null : decoder.decode(body.subarray(at, at + length))
    at += Math.max(length, 0)
  }
  return row
}

function readFields(body: Uint8Array): Map<string, string> {
  const fields = new Map<string, string>()
  for (let at = 0; at < body.length && body[at] !== 0; at = body.indexOf(0, at + 1) + 1) {
    fields.set(String.fromCharCode(body[at] ?? 0), readText(body, at + 1))
  }
  return fields
}

function readNotice(body: Uint8Array): Notice {
  const fields = readFields(body)
  return { severity: fields.get('V') ?? fields.get('S') ?? '', code: fields.get('C') ?? '', message: fields.get('M') ?? '' }
}

function readError(body: Uint8Array): DatabaseError {
  const fields = readFields(body)
  const [detail, hint, position] = [fields.get('D'), fields.get('H'), fields.get('P')]
  return {
    code: fields.get('C') ?? '',
    message: fields.get('M') ?? '',
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
    ...(position === undefined ? {} : { position: Number(position) }),
  }
}
