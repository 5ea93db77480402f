/** A GraphQL document, as much of the language as clients of a review need: no directives, no unions' checks. */
export interface Document {
  operations: Array<{ kind: 'query' | 'mutation'; name: string | undefined; variables: VariableDefinition[]; selections: Selection[] }>
  fragments: Map<string, { type: string; selections: Selection[] }>
}

interface VariableDefinition {
  name: string
  type: string
  fallback: Value | undefined
}

export type Selection =
  | { kind: 'field'; name: string; alias: string; args: Record<string, Value>; selections: Selection[] | undefined }
  | { kind: 'inline'; type: string | undefined; selections: Selection[] }
  | { kind: 'spread'; name: string }

export type Value =
  | { kind: 'variable'; name: string }
  | { kind: 'literal'; value: string | number | boolean | null }
  | { kind: 'enum'; value: string }
  | { kind: 'list'; items: Value[] }
  | { kind: 'object'; fields: Record<string, Value> }

const TOKEN =
  /("""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|\.\.\.|[A-Za-z_]\w*|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[!$&()[\]{}:=@|])|[\s,\uFEFF]+|#[^\n]*/gy

/** Throws an Error with GitHub's words when it is not GraphQL. */
export function parseDocument(text: string): Document {
  const tokens = tokensOf(text)
  const document: Document = { operations: [], fragments: new Map() }
  while (tokens.peek() !== undefined) {
    const word = tokens.peek()
    if (word === '{') document.operations.push({ kind: 'query', name: undefined, variables: [], selections: readSelections(tokens) })
    else if (word === 'query' || word === 'mutation') document.operations.push(readOperation(tokens))
    else if (word === 'fragment') {
      tokens.next()
      const name = tokens.next()
      tokens.expect('on')
      document.fragments.set(name, { type: tokens.next(), selections: readSelections(tokens) })
    } else throw unexpected(word)
  }
  return document
}

interface Tokens {
  peek(): string | undefined
  next(): string
  expect(token: string): void
  /** Takes the token when it is there. */
  has(token: string): boolean
}

function tokensOf(text: string): Tokens {
  const list: string[] = []
  let end = 0
  TOKEN.lastIndex = 0
  for (const match of text.matchAll(TOKEN)) {
    if (match[1] !== undefined) list.push(match[1])
    end = (match.index ?? 0) + match[0].length
  }
  if (end < text.length) throw unexpected(text.slice(end, end + 20))
  let at = 0
  const next = (): string => {
    const token = list[at++]
    if (token === undefined) throw new Error('Unexpected end of document')
    return token
  }
  return {
    peek: () => list[at],
    next,
    expect(token) {
      const found = next()
      if (found !== token) throw unexpected(found)
    },
    has(token) {
      if (list[at] !== token) return false
      at += 1
      return true
    },
  }
}

function unexpected(token: string | undefined): Error {
  return new Error(`Parse error on ${JSON.stringify(token)}`)
}

function readOperation(tokens: Tokens): Document['operations'][number] {
  const kind = tokens.next() as 'query' | 'mutation'
  const name = tokens.peek() === '{' || tokens.peek() === '(' ? undefined : tokens.next()
  const variables: VariableDefinition[] = []
  if (tokens.has('(')) {
    while (!tokens.has(')')) {
      tokens.expect('$')
      const variable = tokens.next()
      tokens.expect(':')
      const type = readType(tokens)
      variables.push({ name: variable, type, fallback: tokens.has('=') ? readValue(tokens) : undefined })
    }
  }
  return { kind, name, variables, selections: readSelections(tokens) }
}

function readType(tokens: Tokens): string {
  let type: string
  if (tokens.has('[')) {
    type = `[${readType(tokens)}]`
    tokens.expect(']')
  } else type = tokens.next()
  return tokens.has('!') ? `${type}!` : type
}

function readSelections(tokens: Tokens): Selection[] {
  tokens.expect('{')
  const selections: Selection[] = []
  while (!tokens.has('}')) selections.push(readSelection(tokens))
  return selections
}

function readSelection(tokens: Tokens): Selection {
  if (tokens.has('...')) {
    if (tokens.peek() === '{') return { kind: 'inline', type: undefined, selections: readSelections(tokens) }
    const word = tokens.next()
    return word === 'on' ? { kind: 'inline', type: tokens.next(), selections: readSelections(tokens) } : { kind: 'spread', name: word }
  }
  const alias = tokens.next()
  if (!/^\w+$/.test(alias)) throw unexpected(alias)
  const name = tokens.has(':') ? tokens.next() : alias
  const args: Record<string, Value> = {}
  if (tokens.has('(')) while (!tokens.has(')')) Object.assign(args, readPair(tokens))
  return { kind: 'field', name, alias, args, selections: tokens.peek() === '{' ? readSelections(tokens) : undefined }
}

function readPair(tokens: Tokens): Record<string, Value> {
  const name = tokens.next()
  tokens.expect(':')
  return { [name]: readValue(tokens) }
}

function readValue(tokens: Tokens): Value {
  const token = tokens.next()
  if (token === '$') return { kind: 'variable', name: tokens.next() }
  if (token === '[') {
    const items: Value[] = []
    while (!tokens.has(']')) items.push(readValue(tokens))
    return { kind: 'list', items }
  }
  if (token === '{') {
    const fields: Record<string, Value> = {}
    while (!tokens.has('}')) Object.assign(fields, readPair(tokens))
    return { kind: 'object', fields }
  }
  if (token.startsWith('"""')) return { kind: 'literal', value: token.slice(3, -3).trim() }
  if (token.startsWith('"') || /^-?\d/.test(token) || /^(true|false|null)$/.test(token))
    return { kind: 'literal', value: JSON.parse(token) }
  if (!/^\w+$/.test(token)) throw unexpected(token)
  return { kind: 'enum', value: token }
}
