/** A comment of a script: its words without the marks, and where it stands. */
export interface Comment {
  words: string
  /** UTF-16 offsets of the whole comment, marks included. */
  start: number
  end: number
}

/**
 * The comments of a text of SQL. A light scanner: it knows only what may hide `--` from Postgres (strings, quoted names,
 * dollar quotes, nested block comments), so that it works on text no parser accepts.
 */
export function readComments(text: string): Comment[] {
  const comments: Comment[] = []
  const starts = /--|\/\*|'|"|\$/g
  for (let found = starts.exec(text); found; found = starts.exec(text)) {
    const start = found.index
    const end = endOf(text, start, found[0])
    if (found[0] === '--') comments.push({ words: text.slice(start + 2, end).trim(), start, end })
    if (found[0] === '/*')
      comments.push({
        words: text
          .slice(start + 2, end)
          .replace(/\*\/$/, '')
          .trim(),
        start,
        end,
      })
    starts.lastIndex = end
  }
  return comments
}

function endOf(text: string, start: number, mark: string): number {
  if (mark === '--') return indexOr(text.indexOf('\n', start), text)
  if (mark === '/*') return endOfBlock(text, start)
  if (mark === '$') return endOfDollar(text, start)
  return endOfQuote(text, start, mark, mark === "'" && /(?<![\w$])e$/i.test(text.slice(Math.max(0, start - 2), start)))
}

/** Block comments nest in Postgres: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS */
function endOfBlock(text: string, start: number): number {
  const marks = /\/\*|\*\//g
  marks.lastIndex = start
  let depth = 0
  for (let found = marks.exec(text); found; found = marks.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return marks.lastIndex
  }
  return text.length
}

function endOfDollar(text: string, start: number): number {
  const tag = /^\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/i.exec(text.slice(start, start + 66))?.[0]
  // `a$b$c` is a name and `$1` a parameter; neither opens a quote.
  if (!tag || /[\w\u0080-\uffff]/.test(text[start - 1] ?? '')) return start + 1
  const close = text.indexOf(tag, start + tag.length)
  return close < 0 ? text.length : close + tag.length
}

function endOfQuote(text: string, start: number, mark: string, escapes: boolean): number {
  for (let at = start + 1; at < text.length; at++) {
    if (escapes && text[at] === '\\') at++
    else if (text[at] === mark && text[at + 1] === mark) at++
    else if (text[at] === mark) return at + 1
  }
  return text.length
}

function indexOr(index: number, text: string): number {
  return index < 0 ? text.length : index
}
