/**
 * Postgres's own grammar, as WASM. Loaded on first use, once; after `loadParser` parsing is synchronous.
 * Nothing here throws for what a script holds: a refusal is an answer.
 */
import { setFlagsFromString } from 'node:v8'
import { offsetOfCodePoint } from '../offsets.ts'

/** A node of the parser's tree. Its names are known in this folder only. */
// biome-ignore lint/suspicious/noExplicitAny: the tree is JSON whose shape differs by node; each reader knows its own.
export type Node = Record<string, any>

export interface RawStatement {
  node: Node
  /** UTF-8 byte offsets into the text parsed; `endByte` undefined when it reaches to the end. */
  startByte: number
  endByte?: number
}

export type Parsed = { statements: RawStatement[] } | { error: string /** UTF-16 offset into the text parsed. */; at: number }

/** UTF-16 units. A longer text takes seconds and gigabytes to parse, so it is refused. */
const PARSE_LIMIT = 4_000_000

/** An unterminated quote is named in full by the parser, down to the end of the file. */
const MESSAGE_LIMIT = 200

let library: typeof import('libpg-query') | undefined
let loading: Promise<void> | undefined

export async function loadParser(): Promise<void> {
  loading ??= compiledOnce(async () => {
    const loaded = await import('libpg-query')
    await loaded.loadModule()
    // How a module may be compiled is settled when it first runs.
    loaded.parseSync('select 1')
    library = loaded
  })
  await loading
}

/**
 * Loads with V8's optimising compiler kept from the module. Measured on 1,000 files of three statements: half the processor
 * time, and 80 MB resident instead of 600, since optimising the grammar's one huge function takes half a gigabyte. The flags
 * stand only while loading; what is compiled later (PGlite) is optimised as ever.
 */
async function compiledOnce(load: () => Promise<void>): Promise<void> {
  for (const flag of ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)
  try {
    await load()
  } finally {
    for (const flag of ['--no-liftoff-only', '--wasm-tier-up', '--wasm-dynamic-tiering']) setFlagsFromString(flag)
  }
}

export function parseSql(text: string): Parsed {
  if (text.trim() === '') return { statements: [] }
  const refusal = refusalOf(text)
  if (refusal) return refusal
  try {
    const { stmts = [] } = parser().parseSync(text) as { stmts?: Node[] }
    return { statements: stmts.map(rawStatement) }
  } catch (error) {
    return problemOf(error, text)
  }
}

/** The tree of a PL/pgSQL function or DO block given as a whole statement; undefined when it cannot be parsed. */
export function parsePlpgsql(statement: string): Node | undefined {
  if (refusalOf(statement)) return undefined
  try {
    return parser().parsePlPgSQLSync(statement) as Node
  } catch {
    return undefined
  }
}

function refusalOf(text: string): { error: string; at: number } | undefined {
  const nul = text.indexOf('\0')
  if (nul >= 0) return { error: 'a NUL byte', at: nul }
  if (text.length > PARSE_LIMIT) return { error: `longer than ${PARSE_LIMIT / 1e6} million characters, which is not parsed`, at: 0 }
  const run = OPERATOR_RUN.exec(text)
  return run ? { error: 'thousands of operator characters in a row', at: run.index } : undefined
}

/** Postgres's scanner reads such a run again from each of its characters, so a hundred thousand take a minute. */
const OPERATOR_RUN = /[+\-*/<>=~!@#%^&|`?]{5000}/

function rawStatement(raw: Node): RawStatement {
  const startByte = raw.stmt_location ?? 0
  return { node: raw.stmt ?? {}, startByte, ...(raw.stmt_len && { endByte: startByte + raw.stmt_len }) }
}

function problemOf(error: unknown, text: string): { error: string; at: number } {
  const details = (error as { sqlDetails?: { cursorPosition: number } }).sqlDetails
  const message = error instanceof RangeError ? 'nested too deeply' : String((error as Error).message)
  return {
    error: message.length > MESSAGE_LIMIT ? `${message.slice(0, MESSAGE_LIMIT)}…` : message,
    at: offsetOfCodePoint(text, details?.cursorPosition ?? 0),
  }
}

function parser(): typeof import('libpg-query') {
  if (!library) throw new Error('loadParser was not awaited')
  return library
}
