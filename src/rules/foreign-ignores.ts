/**
 * Ignore comments of other tools, already in people's files. They need no reason and are never called unused; a name mutes the rules that have
 * it among their aliases, and without a name a comment mutes everything it reaches. Syntax from each tool's documentation or source.
 */
import type { Rule } from './rule.ts'
import type { Directive, Place } from './suppression.ts'

/** A tool's comment: the rest after its keyword, or undefined when it is not one. */
interface Syntax {
  by: string
  /** `file` or `start` (until its end) names the reach, `names` the list of rules, which `reason` may follow. */
  pattern: RegExp
  /** Whether words may follow the rules without a mark: then only the first word is a list. */
  prose?: boolean
}

const SYNTAXES: Syntax[] = [
  { by: 'squawk', pattern: /^squawk-ignore(?<file>-file)?(?![\w-])\s*(?<names>.*)/is },
  { by: 'eugene', pattern: /^eugene:\s*ignore\b\s*(?<names>.*)/is },
  { by: 'pgfence', pattern: /^pgfence-ignore(?![\w-])\s*:?\s*(?<names>.*)/is },
  { by: 'migrationpilot', pattern: /^migrationpilot-disable(?:-next-line|(?<file>-file))?(?![\w-])\s*(?<names>.*)/is },
  { by: 'pgsafe', pattern: /^pgsafe:ignore(?![\w-])\s*(?<names>.*)/is, prose: true },
  { by: 'atlas', pattern: /^atlas:nolint\b\s*(?<names>.*)/is },
  { by: 'pgls', pattern: /^pg(?:ls|t)-ignore(?:(?<file>-all)|(?<start>-start))?(?![\w-])\s*(?<names>[^:]*)(?::(?<reason>.*))?/is },
  { by: 'strong_migrations', pattern: /^safety_assured\b(?<names>)/i },
]

/** What a comment in another tool's syntax asks for; undefined when it is none. */
export function foreignDirective(words: string, rules: readonly Rule[], place: Place): Directive | undefined {
  for (const { by, pattern, prose } of SYNTAXES) {
    const groups = pattern.exec(words)?.groups
    if (!groups) continue
    const { file, start, names = '', reason } = groups
    const list = listOf(names, prose)
    return {
      by,
      reach: file || (by === 'atlas' && isFileHeader(place)) ? 'file' : start ? untilEnd(place, list) : 'statement',
      rules: list.length === 0 ? 'all' : rulesOf(by, list, rules),
      ...(reason && { reason: reason.trim() }),
    }
  }
  return undefined
}

/** Names in a first line, separated by commas or spaces; a second `--` begins prose. */
function listOf(names: string, prose: boolean | undefined): string[] {
  const [line = ''] = names.split(/\r?\n|\s--|\*\//)
  const text = prose ? (/^[\w-]+(?:\s*,\s*[\w-]+)*/.exec(line.trim())?.[0] ?? '') : line
  return text.split(/[\s,]+/).filter(Boolean)
}

function rulesOf(by: string, names: readonly string[], rules: readonly Rule[]): string[] | 'all' {
  const wanted = names.map((name) => name.toLowerCase())
  if (by === 'pgls' && wanted.some((name) => /^lint(\/safety)?$/.test(name))) return 'all'
  const tests = wanted.map((name) => testFor(by, name))
  return rules.filter(({ aliases }) => aliases.some((alias) => tests.some((test) => test(alias.toLowerCase())))).map(({ id }) => id)
}

function testFor(by: string, name: string): (alias: string) => boolean {
  const codes = by === 'atlas' ? ATLAS_ANALYZERS[name] : undefined
  if (codes) return (alias) => codes.some((code) => alias.startsWith(`atlas/${code}`))
  const last = by === 'pgls' ? (name.split('/').at(-1) ?? name) : name
  return (alias) => alias === `${by}/${last}`
}

/** Atlas names an analyzer or one of its codes: https://atlasgo.io/lint/analyzers */
const ATLAS_ANALYZERS: Record<string, string[]> = {
  destructive: ['ds'],
  data_depend: ['mf'],
  incompatible: ['bc'],
  naming: ['nm'],
  nestedtx: ['tx'],
  concurrent_index: ['pg101', 'pg102', 'pg103'],
  condrop: ['cd'],
}

/** Atlas reads its comment as one about the whole file when it stands before the first statement and an empty line follows. */
function isFileHeader({ text, statements, comment }: Place): boolean {
  const [first] = statements
  return (!first || comment.start < first.start) && /^[ \t]*\r?\n[ \t]*(\r?\n|$)/.test(text.slice(comment.end))
}

/** The statements from a `-start` to the `-end` with the same names, or to the end of the file. */
function untilEnd({ comments, comment, statements }: Place, list: readonly string[]): number[] {
  const ends = (words: string) => /^pg(?:ls|t)-ignore-end\b/i.test(words) && list.every((name) => words.includes(name))
  const close = comments.find(({ start, words }) => start > comment.start && ends(words))
  return statements.filter(({ start }) => start > comment.start && (!close || start < close.start)).map(({ index }) => index)
}
