import { createHash } from 'node:crypto'
import type { Repository } from '../repository.ts'

/** One file of a diff, as git tells it. */
export interface DiffFile {
  oldPath: string
  newPath: string
  oldMode: string
  newMode: string
  isNew: boolean
  isRenamed: boolean
  isDeleted: boolean
  /** From the first `@@`; empty for a binary file. */
  patch: string
  lines: DiffLine[]
}

export interface DiffLine {
  kind: 'added' | 'context' | 'removed'
  /** Undefined on the side where the line is not. */
  oldLine: number | undefined
  newLine: number | undefined
  /** `sha1(path)_old_new`, where a side without the line counts the next one. lib/gitlab/diff/file.rb. */
  code: string
}

/** Commits do not change: neither do their differences. */
const read = new WeakMap<Repository, Map<string, Promise<DiffFile[]>>>()

/** The files that differ between two commits, named by their ids; renamed ones are found. */
export function readDiff(repository: Repository, base: string, head: string): Promise<DiffFile[]> {
  const known = read.get(repository) ?? new Map<string, Promise<DiffFile[]>>()
  read.set(repository, known)
  const diff = known.get(base + head) ?? runDiff(repository, base, head)
  known.set(base + head, diff)
  return diff
}

async function runDiff(repository: Repository, base: string, head: string): Promise<DiffFile[]> {
  const [raw, patches] = await Promise.all([
    repository.git(['diff-tree', '-r', '-M', '-z', '--raw', '--no-abbrev', base, head]),
    repository.git(['diff-tree', '-r', '-M', '-p', '--no-color', '--no-ext-diff', base, head]),
  ])
  const fields = raw.toString().split('\0')
  const parts = `\n${patches}`.split('\ndiff --git ').slice(1)
  const files: DiffFile[] = []
  while (fields[0]) {
    const [oldMode = '', newMode = '', , , status = ''] = (fields.shift() as string).slice(1).split(' ')
    const oldPath = fields.shift() as string
    const newPath = /^[RC]/.test(status) ? (fields.shift() as string) : oldPath
    // A file that becomes a link is taken away and added: two patches.
    const count = status === 'T' ? 2 : 1
    const patch = parts.splice(0, count).map(withoutHeader).join('')
    const lines = readLines(patch, newPath)
    files.push({
      oldPath,
      newPath,
      oldMode,
      newMode,
      isNew: status === 'A',
      isRenamed: /^R/.test(status),
      isDeleted: status === 'D',
      patch,
      lines,
    })
  }
  return files
}

function withoutHeader(patch: string): string {
  const start = patch.search(/\n@@ /)
  return start < 0 ? '' : `${patch.slice(start + 1).replace(/\n$/, '')}\n`
}

function readLines(patch: string, path: string): DiffLine[] {
  const hash = createHash('sha1').update(path).digest('hex')
  const lines: DiffLine[] = []
  let old = 0
  let now = 0
  for (const text of patch.split('\n')) {
    const header = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text)
    const code = `${hash}_${old}_${now}`
    if (header) {
      old = Number(header[1])
      now = Number(header[2])
    } else if (text.startsWith('+')) lines.push({ kind: 'added', oldLine: undefined, newLine: now++, code })
    else if (text.startsWith('-')) lines.push({ kind: 'removed', oldLine: old++, newLine: undefined, code })
    else if (text.startsWith(' ')) lines.push({ kind: 'context', oldLine: old++, newLine: now++, code })
  }
  return lines
}

/** Bytes of a patch from which GitLab leaves it out: folded, and not shown at all. Settings of the instance: 200 KB, and a tenth of it. */
const COLLAPSED_BYTES = 20 * 1024
export const TOO_LARGE_BYTES = 200 * 1024

/** As `GET …/diffs` gives it. */
export function presentDiff(file: DiffFile): Record<string, unknown> {
  const bytes = Buffer.byteLength(file.patch)
  const isTooLarge = bytes >= TOO_LARGE_BYTES
  const isCollapsed = !isTooLarge && bytes >= COLLAPSED_BYTES
  return {
    diff: isTooLarge || isCollapsed ? '' : file.patch,
    collapsed: isCollapsed,
    too_large: isTooLarge,
    new_path: file.newPath,
    old_path: file.oldPath,
    a_mode: file.isNew ? '0' : file.oldMode,
    b_mode: file.isDeleted ? '0' : file.newMode,
    new_file: file.isNew,
    renamed_file: file.isRenamed,
    deleted_file: file.isDeleted,
    generated_file: false,
  }
}
