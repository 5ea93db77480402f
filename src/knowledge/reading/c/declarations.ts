/** What stands at the top level of a file of C, with the comment before it. */
import { commentText } from './comment.ts'
import type { Token } from './tokens.ts'

export interface Declaration {
  kind: 'function' | 'type' | 'macro' | 'other' | 'comment'
  /** Null for a comment that belongs to no declaration. */
  name: string | null
  comment: Token | null
  /** Line of the comment, or of the declaration without one. */
  line: number
  /** As written, without the body of a function. */
  code: string
  /** Tokens of the body, both included; the same number twice where there is none. */
  body: [from: number, to: number]
}

/** Longer ones are tables. */
const MAX_TYPE_LINES = 60
const MAX_CODE_CHARACTERS = 2000

/**
 * Braces in the first column are trusted more than counting, as `#ifdef` may open one twice. Postgres writes all functions and types so.
 */
export function readDeclarations(text: string, tokens: readonly Token[]): Declaration[] {
  const walk = new Walk(text, tokens)
  for (let at = 0; at < tokens.length; at++) at = walk.step(at)
  walk.endComment()
  return walk.found
}

class Walk {
  readonly found: Declaration[] = []
  readonly #text: string
  readonly #tokens: readonly Token[]
  #comment: Token | null = null
  /** Where the declaration begins that is being read; -1 between two. */
  #start = -1
  #parens = 0

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text
    this.#tokens = tokens
  }

  /** Gives the last token that was read. */
  step(at: number): number {
    const token = this.#tokens[at] as Token
    if (token.kind === 'comment') this.#onComment(token, at)
    else if (token.kind === 'directive') this.#onDirective(token, at)
    else if (token.kind === 'sign' && this.#parens === 0 && token.text === '{') return this.#onBrace(at)
    else if (token.kind === 'sign' && this.#parens === 0 && token.text === ';') this.#onEnd(at)
    else if (this.#start >= 0 || token.text !== '}') this.#onWord(token, at)
    return at
  }

  /** A comment that no declaration follows. */
  endComment(): void {
    const comment = this.#comment
    if (comment !== null) this.found.push({ kind: 'comment', name: null, comment, line: comment.line, code: '', body: [0, 0] })
    this.#comment = null
  }

  #onComment(token: Token, at: number): void {
    if (this.#start >= 0 || isTrailing(this.#tokens, at)) return
    this.endComment()
    this.#comment = token
  }

  #onDirective(token: Token, at: number): void {
    if (this.#start >= 0) return
    const macro = /^#\s*define\s+(\w+)/.exec(token.text)?.[1]
    if (macro !== undefined && this.#comment !== null) this.#add({ kind: 'macro', name: macro }, at, at + 1, [at, at])
    else this.endComment()
  }

  #onBrace(at: number): number {
    // `extern "C" {`
    if (this.#start >= 0 && this.#tokens[at - 1]?.kind === 'string') {
      this.#start = -1
      return at
    }
    const end = bodyEnd(this.#tokens, at)
    const declared = describe(this.#tokens, this.#start, at)
    if (declared.kind === 'function') this.#add(declared, this.#start, at, [at, end])
    return end
  }

  #onEnd(at: number): void {
    if (this.#start < 0) return
    const { kind, name } = describe(this.#tokens, this.#start, at)
    const isPrototype = kind === 'function' && this.#tokens[this.#start]?.text !== 'PG_FUNCTION_INFO_V1'
    this.#add({ kind: isPrototype ? 'other' : kind, name }, this.#start, at, [at, at])
  }

  #onWord(token: Token, at: number): void {
    if (this.#start < 0) this.#start = at
    if (token.text === '(') this.#parens++
    else if (token.text === ')') this.#parens = Math.max(0, this.#parens - 1)
  }

  #add({ kind, name }: Pick<Declaration, 'kind' | 'name'>, from: number, to: number, body: [number, number]): void {
    const first = this.#tokens[from]
    const isNear = this.#comment !== null && first !== undefined && first.line - endLine(this.#comment) <= 2
    if (!isNear) this.endComment()
    const comment = this.#comment
    const code = first ? shortCode(this.#text.slice(first.at, this.#tokens[to]?.at ?? this.#text.length), kind) : ''
    this.found.push({ kind, name, comment, line: comment?.line ?? first?.line ?? 1, code, body })
    this.#comment = null
    this.#start = -1
    this.#parens = 0
  }
}

/** Behind something on its line: it is about that. */
function isTrailing(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1]
  return before !== undefined && endLine(before) === tokens[at]?.line
}

function endLine(token: Token): number {
  return token.line + (token.text.match(/\n/g)?.length ?? 0)
}

function bodyEnd(tokens: readonly Token[], open: number): number {
  const isFirstColumn = tokens[open]?.column === 0
  let depth = 0
  for (let at = open; at < tokens.length; at++) {
    const { kind, text, column } = tokens[at] as Token
    if (kind !== 'sign') continue
    if (text === '{') depth++
    else if (text === '}') {
      depth--
      if (isFirstColumn ? column === 0 : depth === 0) return at
    }
  }
  return tokens.length - 1
}

/** What the words before a brace or semicolon declare. */
function describe(tokens: readonly Token[], start: number, end: number): { kind: Declaration['kind']; name: string | null } {
  const words = start < 0 ? [] : tokens.slice(start, end).filter((token) => token.kind !== 'comment' && token.kind !== 'directive')
  const attributes = words.findIndex(
    (token, at) => /^(pg_attribute_\w+|__attribute__)$/.test(token.text) && words[at - 1]?.text === ')' && at > 3,
  )
  const all = attributes < 0 ? words : words.slice(0, attributes)
  const first = all.find((token) => !/^(static|extern|inline|const|PGDLLIMPORT|pg_noinline|pg_attribute_\w+)$/.test(token.text))?.text
  if (first === 'typedef') return { kind: 'type', name: pointerName(all) ?? lastName(all)?.text ?? null }
  if (first === 'struct' || first === 'enum' || first === 'union') {
    const tag = all.findIndex((token) => /^(struct|enum|union)$/.test(token.text))
    const name = all[tag + 1]
    // `struct x *f(…)` is a function, `struct x y = …` a variable.
    const isType = all.length - tag <= 3 || all.some((token) => token.text === '{')
    if (isType) return { kind: 'type', name: name?.kind === 'word' ? name.text : (lastName(all)?.text ?? null) }
  }
  if (first === 'PG_FUNCTION_INFO_V1') return { kind: 'function', name: lastName(all)?.text ?? null }
  if (all.at(-1)?.text === ')' && !all.some((token) => token.text === '=')) return { kind: 'function', name: calledName(all) }
  const value = all.findIndex((token) => token.text === '=' || token.text === '[')
  return { kind: 'other', name: lastName(value < 0 ? all : all.slice(0, value))?.text ?? null }
}

/** `typedef void (*name) (…)` */
function pointerName(tokens: readonly Token[]): string | undefined {
  const at = tokens.findIndex((token, index) => token.text === '(' && tokens[index + 1]?.text === '*' && tokens[index + 3]?.text === ')')
  return at < 0 || tokens.slice(0, at).some((token) => token.text === '{') ? undefined : tokens[at + 2]?.text
}

function lastName(tokens: readonly Token[]): Token | undefined {
  return tokens.findLast((token) => token.kind === 'word' && /^[A-Za-z_]/.test(token.text))
}

/** The word before the last brackets. */
function calledName(tokens: readonly Token[]): string | null {
  let depth = 0
  for (let at = tokens.length - 1; at > 0; at--) {
    if (tokens[at]?.text === ')') depth++
    else if (tokens[at]?.text === '(' && --depth === 0) {
      const name = tokens[at - 1]
      return name?.kind === 'word' ? name.text : null
    }
  }
  return null
}

function shortCode(code: string, kind: Declaration['kind']): string {
  if (kind !== 'type') {
    const line = commentless(code).replaceAll(/\s+/g, ' ').replaceAll(/\( /g, '(').trim()
    return line.length > MAX_CODE_CHARACTERS ? `${line.slice(0, MAX_CODE_CHARACTERS).toWellFormed()} …` : line
  }
  const lines = code.trimEnd().split('\n')
  const shown = lines
    .slice(0, MAX_TYPE_LINES)
    .join('\n')
    .slice(0, MAX_CODE_CHARACTERS * 3)
    .toWellFormed()
  return lines.length > MAX_TYPE_LINES ? `${shown}\n…` : shown
}

function commentless(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\//g, ' ')
}

/** How much a comment says. */
export function commentLines(comment: Token): number {
  return commentText(comment.text)
    .split('\n')
    .filter((line) => line.trim() !== '').length
}
