import type { Repository } from '../repository.ts'
import type { Side } from './state.ts'

/** A file between two commits, as GitHub tells of it. */
export interface ChangedFile {
  filename: string
  previousFilename: string | undefined
  status: 'added' | 'removed' | 'modified' | 'renamed' | 'changed'
  sha: string | null
  additions: number
  deletions: number
  /** Hunks; undefined for a binary file, and for one that is too large to show. */
  patch: string | undefined
}

/** More lines than this in the hunks of a file, and GitHub leaves them out. */
const MAX_PATCH_LINES = 3000
const STATUS: Record<string, ChangedFile['status']> = { A: 'added', D: 'removed', M: 'modified', R: 'renamed', T: 'changed' }

const known = new WeakMap<Repository, Map<string, Promise<ChangedFile[]>>>()

/** What changed between two commits, by git, with its order and its idea of a rename. Asked of git once. */
export function diffFiles(git: Repository, base: string, head: string): Promise<ChangedFile[]> {
  const own = known.get(git) ?? new Map<string, Promise<ChangedFile[]>>()
  known.set(git, own)
  const key = `${base} ${head}`
  const found = own.get(key) ?? readFiles(git, base, head)
  own.set(key, found)
  return found
}

async function readFiles(git: Repository, base: string, head: string): Promise<ChangedFile[]> {
  const range = ['-M', '--no-color', '--no-ext-diff', '--full-index', base, head]
  const entries = readRaw(await git.text('diff', '--raw', '-z', '--no-abbrev', ...range))
  // A file that became a link or the like is deleted and made in the patch.
  const patches = (await git.text('diff', '--patch', ...range)).split(/^(?=diff --git )/m)
  let next = 0
  return entries.map(({ letter, isModeOnly, ...file }) => {
    const parts = patches.slice(next, next + (letter === 'T' ? 2 : 1))
    next += parts.length
    const hunks = parts.map((part) => part.slice(part.search(/^@@ /m) >>> 0).replace(/\n$/, '')).filter(Boolean)
    const patch = hunks.join('\n')
    const lines = patch.split('\n')
    const isShown = patch !== '' && lines.length <= MAX_PATCH_LINES
    return {
      ...file,
      status: isModeOnly ? 'changed' : (STATUS[letter] ?? 'modified'),
      additions: lines.filter((line) => line.startsWith('+')).length,
      deletions: lines.filter((line) => line.startsWith('-')).length,
      patch: isShown ? patch : undefined,
    }
  })
}

function readRaw(
  output: string,
): Array<{ filename: string; previousFilename: string | undefined; sha: string; letter: string; isModeOnly: boolean }> {
  const words = output.split('\0')
  const entries = []
  for (let at = 0; at + 1 < words.length; ) {
    const [, , before = '', now = '', kind = ''] = /^:\d+ (\d+) (\w+) (\w+) (\w+)$/.exec(words[at] as string) ?? []
    const letter = kind.charAt(0)
    const isRename = letter === 'R'
    const [first = '', second = ''] = [words[at + 1], words[at + 2]]
    entries.push({
      filename: isRename ? second : first,
      previousFilename: isRename ? first : undefined,
      sha: /^0+$/.test(now) ? before : now,
      letter,
      isModeOnly: letter === 'M' && before === now,
    })
    at += isRename ? 3 : 2
  }
  return entries
}

/** A line of the hunks that can be commented on this side, and where it is in them. */
export interface PlacedLine {
  hunk: number
  /** Lines below the first `@@`: what GitHub calls a position. */
  position: number
  /** From the hunk's header to the line. */
  excerpt: string
}

export function findLine(patch: string, side: Side, line: number): PlacedLine | undefined {
  let hunk = -1
  let left = 0
  let right = 0
  let excerpt: string[] = []
  for (const [position, text] of patch.split('\n').entries()) {
    const header = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text)
    if (header) {
      hunk += 1
      left = Number(header[1])
      right = Number(header[2])
      excerpt = [text]
      continue
    }
    if (text.startsWith('\\')) continue
    excerpt.push(text)
    const isHere = side === 'RIGHT' ? right === line && !text.startsWith('-') : left === line && !text.startsWith('+')
    if (isHere) return { hunk, position, excerpt: excerpt.join('\n') }
    if (!text.startsWith('-')) right += 1
    if (!text.startsWith('+')) left += 1
  }
  return undefined
}

/** Where a line of a file is in a later commit; undefined when it was changed or the file is gone. */
export async function moveLine(git: Repository, from: string, to: string, path: string, line: number): Promise<number | undefined> {
  const isThere = await git.text('ls-tree', '--name-only', to, '--', path)
  if (isThere === '') return undefined
  const patch = await git.text('diff', '--unified=0', '--no-color', from, to, '--', path)
  let shift = 0
  for (const header of patch.matchAll(/^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/gm)) {
    const [start, before, after] = [Number(header[1]), Number(header[2] ?? 1), Number(header[3] ?? 1)]
    const first = before === 0 ? start + 1 : start
    if (line < first) break
    if (line < first + before) return undefined
    shift += after - before
  }
  return line + shift
}
