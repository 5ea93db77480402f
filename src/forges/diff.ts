/** One file of a diff, and the lines that can be commented. */
export interface FileDiff {
  path: string
  previousPath: string | undefined
  status: 'added' | 'modified' | 'renamed' | 'deleted'
  /** In the order of the file; empty when the forge does not show the diff. */
  lines: DiffLine[]
}

/** One-based. A context line has both numbers, an added one only the new. */
export interface DiffLine {
  kind: 'added' | 'context' | 'removed'
  oldLine: number | undefined
  newLine: number | undefined
  /** Lines of different hunks are no neighbours. Zero-based. */
  hunk: number
}

/** The lines of a unified diff without its file headers, as both forges give it. A patch that is cut off gives the lines before that. */
export function readPatch(patch: string): DiffLine[] {
  const lines: DiffLine[] = []
  let hunk = -1
  let old = 0
  let now = 0
  for (const text of patch.split('\n')) {
    const header = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text)
    if (header) {
      hunk += 1
      old = Number(header[1])
      now = Number(header[2])
    } else if (hunk >= 0 && text.startsWith('+')) lines.push({ kind: 'added', oldLine: undefined, newLine: now++, hunk })
    else if (hunk >= 0 && text.startsWith('-')) lines.push({ kind: 'removed', oldLine: old++, newLine: undefined, hunk })
    else if (hunk >= 0 && text.startsWith(' ')) lines.push({ kind: 'context', oldLine: old++, newLine: now++, hunk })
  }
  return lines
}

/** Where a comment on lines of the head goes. */
export interface DiffPlace {
  file: FileDiff
  start: DiffLine
  end: DiffLine
}

/**
 * The part of the lines that the diff shows, within one hunk; undefined when it shows none of them. `isWhole` says whether it is all of them: only then a
 * suggestion may stand for them.
 */
export function placeInDiff(
  diff: readonly FileDiff[],
  { path, line, endLine }: { path: string; line: number; endLine: number },
): (DiffPlace & { isWhole: boolean }) | undefined {
  const file = diff.find((one) => one.path === path && one.status !== 'deleted')
  const within = file?.lines.filter(({ newLine }) => newLine !== undefined && newLine >= line && newLine <= endLine) ?? []
  const end = within.at(-1)
  const same = within.filter(({ hunk }) => hunk === end?.hunk)
  const [start] = same
  if (!file || !start || !end) return undefined
  return { file, start, end, isWhole: same.length === endLine - line + 1 }
}
