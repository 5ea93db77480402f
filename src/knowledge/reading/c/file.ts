/** A file of C as blocks: what it is for, its functions and types with their comments, the messages it raises. */
import type { Block } from '../../document.ts'
import { cleanLines } from '../clean.ts'
import { commentText, headerText } from './comment.ts'
import { commentLines, type Declaration, readDeclarations } from './declarations.ts'
import { type RaisedMessage, readMessages, readMessageTable } from './messages.ts'
import type { SqlState } from './sqlstates.ts'
import { readTokens } from './tokens.ts'

const MAX_PLACES = 10
const MAX_TERM_CHARACTERS = 300

/** Of a grammar or scanner: the messages in its actions. What is around them is no C. */
export function readGrammar(text: string, states: ReadonlyMap<string, SqlState>): Block[] {
  const tokens = readTokens(text)
  return messageBlocks(
    readMessages(tokens, 0, tokens.length).map((message) => ({ ...message, by: null })),
    states,
  )
}

/** `path` is the file's in the repository; `states` are known by their macros. */
export function readCFile(text: string, path: string, states: ReadonlyMap<string, SqlState>): Block[] {
  const tokens = readTokens(text)
  const declarations = readDeclarations(text, tokens)
  const blocks: Block[] = []
  for (const [at, declaration] of declarations.entries()) {
    if (at === 0 && declaration.comment !== null && declaration.comment.line <= 5) {
      const header = headerText(declaration.comment.text, path)
      if (header !== '') blocks.push({ breadcrumb: [], anchor: `L${declaration.line}`, kind: 'prose', term: null, text: header })
    } else blocks.push(...declarationBlock(declaration))
  }
  const raised = declarations.flatMap(({ name, body: [from, to] }) =>
    readMessages(tokens, from, to).map((message) => ({ ...message, by: name })),
  )
  const inTables = readMessageTable(tokens, 0, tokens.length).map((message) => ({ ...message, by: null }))
  return [...blocks, ...messageBlocks([...raised, ...inTables], states)]
}

function declarationBlock({ kind, name, comment, line, code }: Declaration): Block[] {
  if (comment === null) return []
  const text = commentText(comment.text)
  // `/* prototypes */` and the like.
  const least = { comment: 3, other: 3, macro: 2, type: 1, function: 1 }[kind]
  if (commentLines(comment) < least) return []
  const anchor = `L${line}`
  if (kind === 'comment' || name === null) return [{ breadcrumb: [], anchor, kind: 'prose', term: null, text }]
  return [{ breadcrumb: [name], anchor, kind: 'code', term: null, text: cleanLines(`${text}\n\n${code}`) }]
}

type Raised = RaisedMessage & { by: string | null }

/** One entry a message, with all places of the file that raise it. */
function messageBlocks(messages: readonly Raised[], states: ReadonlyMap<string, SqlState>): Block[] {
  const byText = Map.groupBy(messages, (message) => message.text)
  return [...byText].map(([text, raised]) => {
    const lines = [
      text,
      levelAndState(raised, states),
      ...unique(raised.flatMap(({ details }) => details)).map((detail) => `DETAIL: ${detail}`),
      ...unique(raised.flatMap(({ hints }) => hints)).map((hint) => `HINT: ${hint}`),
      placesOf(raised),
    ]
    const term = text.length > MAX_TERM_CHARACTERS ? `${text.slice(0, MAX_TERM_CHARACTERS - 1).toWellFormed()}…` : text
    return {
      breadcrumb: ['Error messages'],
      anchor: `L${raised[0]?.line ?? 1}`,
      kind: 'entry',
      term,
      text: cleanLines(lines.filter((line) => line !== '').join('\n')),
    }
  })
}

/** `ERROR, SQLSTATE 42P01 undefined_table (ERRCODE_UNDEFINED_TABLE)`. An error without a code of its own is an internal one. */
function levelAndState(raised: readonly Raised[], states: ReadonlyMap<string, SqlState>): string {
  const levels = unique(raised.flatMap(({ level }) => (level === null ? [] : [level])))
  const codes = unique(raised.flatMap(({ codes }) => codes))
  const isInternal = codes.length === 0 && levels.some((level) => /^(ERROR|FATAL|PANIC)$/.test(level))
  const described = (isInternal ? ['ERRCODE_INTERNAL_ERROR'] : codes).map((macro) => {
    const state = states.get(macro)
    if (state) return `SQLSTATE ${state.state}${state.name ? ` ${state.name}` : ''} (${macro})`
    return macro.startsWith('errcode_for_') ? `SQLSTATE by the error of the operating system (${macro})` : `SQLSTATE of ${macro}`
  })
  return [...levels, ...described].join(', ')
}

function placesOf(raised: readonly Raised[]): string {
  const places = raised.map(({ by, line }) => (by === null ? `line ${line}` : `${by} (line ${line})`))
  const shown = places.slice(0, MAX_PLACES).join(', ')
  return `Raised in ${shown}${places.length > MAX_PLACES ? ` and ${places.length - MAX_PLACES} more places` : ''}`
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
