/** Reads a file of SQL into statements and operations. The folder around it is the only place that knows the parser. */
import { type Offsets, offsetsOf } from '../offsets.ts'
import type { Statement, TransactionMode } from '../statement.ts'
import { readCommand } from './commands.ts'
import type { Command, Reading } from './draft.ts'
import { type Located, locatedIn } from './located.ts'
import { loadParser, type Node, parseSql } from './parser.ts'
import { recover } from './recovery.ts'
import { openSession, type Session } from './session.ts'
import { sourceOf } from './source.ts'

/**
 * The statements of a file in order. `sql` is the whole file, possibly with parts blanked; all positions are those of the
 * file. What cannot be parsed is a statement of kind `unknown` with a `syntaxError`; nothing a file holds makes this throw.
 */
export async function readScript(sql: string, mode: TransactionMode = 'none'): Promise<Statement[]> {
  await loadParser()
  const text = sql.toWellFormed()
  const offsets = offsetsOf(text)
  const located = locate(text, offsets)
  const session = openSession(mode, located.length)
  return located.map((one, index) => statementOf(one, index, text, offsets, session))
}

/** One parse in the good case. A byte order mark is a blank to us, though not to the parser. */
function locate(text: string, offsets: Offsets): Located[] {
  const clean = text.startsWith('\ufeff') ? ` ${text.slice(1)}` : text
  const parsed = parseSql(clean)
  if ('error' in parsed) return recover(clean)
  return locatedIn(clean, clean === text ? offsets : offsetsOf(clean), parsed.statements)
}

/** Undefined when the tree is deeper than the stack. */
function commandOf(node: Node, reading: Reading): Command | undefined {
  try {
    return readCommand(node, reading)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function statementOf(located: Located, index: number, text: string, offsets: Offsets, session: Session): Statement {
  const { start, end } = located
  const place = {
    text: text.slice(start, end),
    start,
    end,
    startByte: offsets.toByte(start),
    endByte: offsets.toByte(end),
    line: offsets.lineOf(start),
    endLine: offsets.lineOf(Math.max(end - 1, start)),
  }
  if ('problem' in located) {
    session.run([], 'unknown')
    return { index, kind: 'unknown', ...place, operations: [], syntaxError: located.problem }
  }
  const reading = { names: session.names, source: sourceOf(text, located.offsets, start, end), read: readCommand }
  const command = commandOf(located.node, reading)
  if (!command) return { index, kind: 'unknown', ...place, operations: [], syntaxError: { message: 'nested too deeply', at: start } }
  const { kind, drafts } = command
  return { index, kind, ...place, operations: session.run(drafts, kind) }
}
