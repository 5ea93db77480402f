/**
 * Where things end in SQL as psql reads it. Searched from one stop to the next rather than with patterns that repeat, which a long value would take beyond the
 * depth of the engine. Source: src/bin/psql/psqlscan.l.
 */

const BLANK = /\s*/y

/** Steps over white space and comments; each comment of a line is told to `comment`. */
export function skipBlanks(text: string, start: number, comment?: (line: string) => void): number {
  for (let at = start; ; ) {
    BLANK.lastIndex = at
    BLANK.test(text)
    at = BLANK.lastIndex
    if (text.startsWith('--', at)) {
      const end = endOfLine(text, at)
      comment?.(text.slice(at, Math.min(end, at + 200)))
      at = end
    } else if (text.startsWith('/*', at)) at = endOfComment(text, at) ?? text.length
    else return at
  }
}

export function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}

const COMMENT_STOP = /\/\*|\*\//g

/** Comments nest. */
function endOfComment(text: string, start: number): number | undefined {
  COMMENT_STOP.lastIndex = start
  let depth = 0
  for (let stop = COMMENT_STOP.exec(text); stop; stop = COMMENT_STOP.exec(text)) {
    depth += stop[0] === '/*' ? 1 : -1
    if (depth === 0) return COMMENT_STOP.lastIndex
  }
  return undefined
}

const STOP = /['"$;]|--|\/\*/g
const TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]{0,63})?\$/y
const WORD = /[\w$\u0080-\uffff]/

/** Behind the semicolon of the statement; undefined when there is none. */
export function endOfStatement(text: string, start: number, escapes: boolean): number | undefined {
  let at: number | undefined = start
  while (at !== undefined) {
    STOP.lastIndex = at
    const stop = STOP.exec(text)
    if (!stop) return undefined
    if (stop[0] === ';') return STOP.lastIndex
    at = endOfPart(text, stop.index, escapes)
  }
  return undefined
}

function endOfPart(text: string, at: number, escapes: boolean): number | undefined {
  switch (text[at]) {
    case '-':
      return endOfLine(text, at)
    case '/':
      return endOfComment(text, at)
    case '"':
      return endOfQuoted(text, at, /"/g)
    case '$': {
      TAG.lastIndex = at
      const tag = WORD.test(text[at - 1] ?? ' ') ? undefined : TAG.exec(text)?.[0]
      if (tag === undefined) return at + 1
      const end = text.indexOf(tag, at + tag.length)
      return end === -1 ? undefined : end + tag.length
    }
    default: {
      const marked = /[eE]/.test(text[at - 1] ?? '') && !WORD.test(text[at - 2] ?? ' ')
      return endOfQuoted(text, at, marked || escapes ? ESCAPED_STOP : STRING_STOP)
    }
  }
}

const STRING_STOP = /'/g
const ESCAPED_STOP = /['\\]/g

/** Behind the closing quote; a doubled quote, and what follows a backslash where `stops` knows it, closes nothing. */
function endOfQuoted(text: string, start: number, stops: RegExp): number | undefined {
  stops.lastIndex = start + 1
  for (let stop = stops.exec(text); stop; stop = stops.exec(text)) {
    if (stop[0] !== '\\' && text[stop.index + 1] !== stop[0]) return stop.index + 1
    stops.lastIndex = stop.index + 2
  }
  return undefined
}

const ESCAPE = /''|\\([\s\S])/g
const LETTERS: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/**
 * The literal at `at`: `'…'`, or `E'…'`, undefined when there is none. Its value is undefined when it does not end (`end` is that of the text then), or has an
 * escape by number, which pg_dump never writes.
 */
export function readString(text: string, at: number, escapes: boolean): { value: string | undefined; end: number } | undefined {
  const marked = /[eE]/.test(text[at] ?? '') && text[at + 1] === "'"
  const start = marked ? at + 1 : at
  if (text[start] !== "'") return undefined
  const end = endOfQuoted(text, start, marked || escapes ? ESCAPED_STOP : STRING_STOP)
  if (end === undefined) return { value: undefined, end: text.length }
  const inside = text.slice(start + 1, end - 1)
  if (!marked && !escapes) return { value: inside.replaceAll("''", "'"), end }
  let numbered = false
  const value = inside.replaceAll(ESCAPE, (_, escaped?: string) => {
    numbered ||= escaped !== undefined && /[0-7xuU]/.test(escaped)
    return escaped === undefined ? "'" : (LETTERS[escaped] ?? escaped)
  })
  return numbered ? { value: undefined, end: start } : { value, end }
}

/** Behind the rows that follow a COPY … FROM stdin, which end with a line of `\.`. */
export function endOfCopy(text: string, start: number): number {
  const end = text.indexOf('\n\\.', start)
  return end === -1 ? text.length : endOfLine(text, end + 1)
}
