/** What somebody asks for in a comment. */
export type Command =
  /** `commit`: the beginning of the one that was looked at, without which nothing runs where production's data is. */
  | { kind: 'review'; withData: boolean; commit: string | undefined }
  /** `finding`: the beginning of its fingerprint; undefined for the one whose thread it is asked in. */
  | { kind: 'explain'; finding: string | undefined }
  | { kind: 'plan'; query: string }
  | { kind: 'try index'; definition: string; query: string | undefined }
  /** `reason` is empty when none stands behind a colon. */
  | { kind: 'ignore'; finding: string | undefined; reason: string }
  | { kind: 'help' }
  /** Something else was asked: shown as it was written, clipped. */
  | { kind: 'unknown'; text: string }

const LONGEST_TEXT = 20_000

/**
 * The first command for us in a comment: `@pgwitness plan select …` or `/pgwitness plan select …` at the beginning of a line. What is quoted, in a code
 * block or in an HTML comment was said by somebody else, or to nobody. Undefined when nothing is for us.
 */
export function readCommand(comment: string, handles: readonly string[]): Command | undefined {
  const lines = comment.slice(0, LONGEST_TEXT).replaceAll('\r\n', '\n').split('\n')
  const names = handles.map((handle) => handle.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  const address = new RegExp(`^ {0,3}(?:@(?:${names})|/pgwitness)(?=$|[\\s,:])[,:]?\\s*(.*)$`, 'i')
  /** What ends the block that a line is in. */
  let end: RegExp | undefined
  for (const [index, line] of lines.entries()) {
    if (end) {
      if (end.test(line)) end = undefined
      continue
    }
    end = endOfBlock(line, lines, index)
    if (end) continue
    const said = address.exec(line)?.[1]
    if (said !== undefined) return commandOf(said.trim(), lines.slice(index + 1).join('\n'))
  }
  return undefined
}

/** Undefined when the line opens no block. A fence ends with one of the same kind that is at least as long; a quote between `>>>` is GitLab's. */
function endOfBlock(line: string, lines: readonly string[], index: number): RegExp | undefined {
  const fence = /^ {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$/.exec(line)
  const [, ticks, tildes] = fence ?? []
  if (ticks !== undefined) return new RegExp(`^ {0,3}\`{${ticks.length},}\\s*$`)
  if (tildes !== undefined) return new RegExp(`^ {0,3}~{${tildes.length},}\\s*$`)
  if (/^ {0,3}<!--(?!.*-->)/.test(line)) return /-->/
  return QUOTE.test(line) && lines.slice(index + 1).some((later) => QUOTE.test(later)) ? QUOTE : undefined
}

const QUOTE = /^>>>\s*$/

function commandOf(first: string, rest: string): Command {
  const [, verb = '', after = ''] = /^([a-z]*)[.!?]?\s*([\s\S]*)$/i.exec(first) ?? []
  switch (verb.toLowerCase()) {
    case '':
      return first === '' ? { kind: 'help' } : unknown(first)
    case 'help':
      return { kind: 'help' }
    case 'review':
      return reviewOf(after) ?? unknown(first)
    case 'explain':
      return /^#?[0-9a-f]{0,32}[.?]?$/i.test(after) ? { kind: 'explain', finding: idOf(after) } : unknown(first)
    case 'plan':
      return sqlOf(after, rest) === '' ? unknown(first) : { kind: 'plan', query: sqlOf(after, rest) }
    case 'try':
      return tryOf(after, rest) ?? unknown(first)
    case 'ignore':
      return ignoreOf(after)
    default:
      return unknown(first)
  }
}

/** `review`, `review with data 5f3c2a1b`. */
function reviewOf(text: string): Command | undefined {
  const [all, data, commit] = /^(?:(with data)(?:\s+`?([0-9a-f]{7,40})`?)?)?[.!]?$/i.exec(text) ?? []
  return all === undefined ? undefined : { kind: 'review', withData: data !== undefined, commit: commit?.toLowerCase() }
}

/** `ignore 1a2b3c4d: the table is empty`; in the finding's own thread `ignore: the table is empty`. */
function ignoreOf(text: string): Command {
  const [, finding = '', reason = ''] = /^#?([0-9a-f]{6,32})?\s*:\s*(\S.*)$/i.exec(text) ?? []
  return { kind: 'ignore', finding: idOf(finding), reason: reason.trim().slice(0, 500) }
}

/** `try index on orders (customer_id) for select …`, the query perhaps in a code block below. */
function tryOf(text: string, rest: string): Command | undefined {
  const [, said] = /^index\s*([\s\S]*)$/i.exec(text) ?? []
  if (said === undefined) return undefined
  const [inline = '', ...more] = said.split(/\s+for\s+(?=`?\s*(?:select|with|update|delete|insert|merge|values|table)\b)/i)
  const blocks = codeBlocks(rest)
  const definition = inline.trim() === '' ? (blocks.shift() ?? '') : withoutTicks(inline)
  const query = more.length > 0 ? withoutTicks(more.join(' for ')) : blocks.join(';\n')
  return definition === '' ? undefined : { kind: 'try index', definition, query: query === '' ? undefined : query }
}

/** What stands on the line; the code block below it; or the lines below. */
function sqlOf(inline: string, rest: string): string {
  if (inline !== '') {
    const [block] = codeBlocks(rest)
    return /^[\w\s]*:$/.test(inline) && block !== undefined ? block : withoutTicks(`${inline}\n${untilBlank(rest)}`)
  }
  return codeBlocks(rest)[0] ?? withoutTicks(untilBlank(rest))
}

function untilBlank(text: string): string {
  return (text.split(/\n\s*\n/)[0] ?? '').replace(/^\s{0,3}(?:```|~~~)[\s\S]*$/m, '')
}

function codeBlocks(text: string): string[] {
  return [...text.matchAll(/^\s{0,3}(```+|~~~+)[^\n]*\n([\s\S]*?)^\s{0,3}\1\s*$/gm)].map(([, , code = '']) => code.trim())
}

function withoutTicks(text: string): string {
  return text
    .trim()
    .replace(/^(`+)([\s\S]*)\1$/, '$2')
    .trim()
}

function idOf(text: string): string | undefined {
  const id = text.replace(/^#/, '').replace(/[.?]$/, '').toLowerCase()
  return id === '' ? undefined : id
}

function unknown(text: string): Command {
  return { kind: 'unknown', text: text.slice(0, 80) }
}
