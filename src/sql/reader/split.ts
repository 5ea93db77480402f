/** Finds where statements begin and end in text that need not parse. */
import { type Token, tokenAt, wordOf } from './lexer.ts'

export interface Piece {
  /** UTF-16 offsets: from the first token to the last, the semicolon left out. */
  start: number
  end: number
  /** A quote, comment or dollar quote that is never closed. */
  open?: Token
}

export function splitStatements(text: string): Piece[] {
  const pieces: Piece[] = []
  let state = fresh()
  for (let token = tokenAt(text, 0); token; token = tokenAt(text, token.end)) {
    if (token.kind === 'space' || token.kind === 'comment') {
      if (token.open) state.open = token
      continue
    }
    const word = wordOf(text, token)
    if (word === ';' && ends(state)) {
      if (state.first) pieces.push(pieceOf(state))
      state = fresh()
    } else advance(state, token, word)
  }
  if (state.first) pieces.push(pieceOf(state))
  else if (state.open) pieces.push({ start: state.open.start, end: state.open.end, open: state.open })
  return pieces
}

interface State {
  first?: Token
  last?: Token
  open?: Token
  parentheses: number
  /** The first words: only CREATE RULE has semicolons in parentheses, only routines BEGIN ATOMIC. */
  words: string[]
  previous: string
  /** BEGIN ATOMIC and CASE not yet ended. */
  bodies: number
}

function fresh(): State {
  return { parentheses: 0, words: [], previous: '', bodies: 0 }
}

function advance(state: State, token: Token, word: string): void {
  state.first ??= token
  state.last = token
  if (token.open) state.open = token
  if (state.words.length < 4) state.words.push(word)
  if (word === '(') state.parentheses += 1
  if (word === ')') state.parentheses -= 1
  if (word === 'atomic' && state.previous === 'begin') state.bodies += 1
  if (state.bodies > 0 && word === 'case') state.bodies += 1
  if (state.bodies > 0 && word === 'end') state.bodies -= 1
  state.previous = word
}

/** An unbalanced parenthesis must not swallow the rest of the file. */
function ends(state: State): boolean {
  if (state.bodies > 0) return false
  return state.parentheses <= 0 || !(state.words[0] === 'create' && state.words.includes('rule'))
}

function pieceOf({ first, last, open }: State): Piece {
  // What is never closed reaches to the end of the text, and Postgres refuses it for that.
  return { start: first?.start ?? 0, end: open?.end ?? last?.end ?? 0, ...(open && { open }) }
}
