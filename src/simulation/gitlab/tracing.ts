import { type DiffFile, readDiff } from './diff.ts'
import type { MergeRequest, Position, Version } from './instance.ts'

/** Comments follow their lines to a new version; those whose line is not there any more stay where they were, outdated. */
export async function tracePositions(request: MergeRequest, from: Version, to: Version): Promise<void> {
  const notes = request.discussions.flatMap((discussion) => discussion.notes).filter(({ position }) => position?.head_sha === from.head)
  if (notes.length === 0) return
  const { repository } = request.project
  const [moves, diff] = await Promise.all([readDiff(repository, from.head, to.head), readDiff(repository, to.base, to.head)])
  for (const note of notes) note.position = trace(note.position as Position, to, moves, diff)
}

function trace(position: Position, to: Version, moves: readonly DiffFile[], diff: readonly DiffFile[]): Position {
  const move = moves.find(({ oldPath }) => oldPath === position.new_path)
  const file = diff.find(({ newPath }) => newPath === (move?.newPath ?? position.new_path))
  if (!file || position.position_type !== 'text' || position.new_line === null) return position
  const follow = (line: number | null) => {
    const now = line === null ? undefined : moved(line, move)
    return now === undefined ? undefined : file.lines.find(({ newLine }) => newLine === now)
  }
  const line = follow(position.new_line)
  if (!line) return position
  const range = position.line_range
  const [start, end] = [follow(range?.start.new_line ?? null), follow(range?.end.new_line ?? null)]
  return {
    ...position,
    base_sha: to.base,
    start_sha: to.start,
    head_sha: to.head,
    old_path: file.oldPath,
    new_path: file.newPath,
    old_line: line.oldLine ?? null,
    new_line: line.newLine ?? null,
    line_range: start && end ? { start: rangeEnd(start), end: rangeEnd(end) } : null,
  }
}

function rangeEnd(line: DiffFile['lines'][number]) {
  const type = line.kind === 'added' ? 'new' : 'old'
  return { line_code: line.code, type, old_line: line.oldLine ?? null, new_line: line.newLine ?? null }
}

/** Where a line is after a further change of its file; undefined when it was changed or taken away. */
function moved(line: number, move: DiffFile | undefined): number | undefined {
  if (!move) return line
  if (move.lines.some(({ kind, oldLine }) => kind === 'removed' && oldLine === line)) return undefined
  let shift = 0
  for (const one of move.lines) {
    if (one.oldLine !== undefined && one.oldLine >= line) break
    if (one.kind === 'added') shift += 1
    else if (one.kind === 'removed') shift -= 1
  }
  return line + shift
}
