import { createHash } from 'node:crypto'
import type { DiffLine, DiffPlace } from '../diff.ts'
import type { DiffRefs } from './replies.ts'

/**
 * Where a comment stands, as GitLab wants it: both paths always, for an added line the new number only, for a context line both.
 * https://docs.gitlab.com/api/discussions/#create-a-new-thread-in-the-merge-request-diff
 */
export interface Position {
  position_type: 'text'
  base_sha: string
  start_sha: string
  head_sha: string
  old_path: string
  new_path: string
  new_line: number | undefined
  old_line: number | undefined
  line_range?: { start: RangeEnd; end: RangeEnd }
}

interface RangeEnd {
  line_code: string
  /** `new` for added lines, else `old`. */
  type: 'new' | 'old'
  old_line: number | undefined
  new_line: number | undefined
}

export function positionOf({ file, start, end }: DiffPlace, refs: DiffRefs, isSingle: boolean): Position {
  const range = (line: DiffLine): RangeEnd => ({
    line_code: lineCode(file.path, file.lines, line),
    type: line.kind === 'added' ? 'new' : 'old',
    old_line: line.oldLine,
    new_line: line.newLine,
  })
  return {
    position_type: 'text',
    ...refs,
    old_path: file.previousPath ?? file.path,
    new_path: file.path,
    new_line: end.newLine,
    old_line: end.oldLine,
    ...(start !== end && !isSingle && { line_range: { start: range(start), end: range(end) } }),
  }
}

/** `sha1(path)_old_new`. An added line has the number of the old line that comes next, as GitLab counts while it reads the diff; 0 in a new file. */
function lineCode(path: string, lines: readonly DiffLine[], line: DiffLine): string {
  return `${createHash('sha1').update(path).digest('hex')}_${line.oldLine ?? oldLineAt(lines, line)}_${line.newLine}`
}

function oldLineAt(lines: readonly DiffLine[], line: DiffLine): number {
  const at = lines.indexOf(line)
  const known = ({ oldLine, hunk }: DiffLine) => oldLine !== undefined && hunk === line.hunk
  const before = lines.slice(0, at).findLast(known)?.oldLine
  return before !== undefined ? before + 1 : (lines.slice(at).find(known)?.oldLine ?? 0)
}
