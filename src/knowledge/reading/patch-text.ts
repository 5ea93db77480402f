/** Where a patch is in the text of a message: unified and context diffs, as people put them into mails. */

/** Number of lines of the patch that begins at `start`; 0 when none does. */
export function patchLength(lines: readonly string[], start: number): number {
  if (!beginsPatch(lines, start)) return 0
  let at = start
  while (at < lines.length) {
    if (isHeader(lines, at)) at++
    else {
      const length = hunkLength(lines, at)
      if (length === 0) break
      at += length
    }
  }
  return at - start
}

function beginsPatch(lines: readonly string[], at: number): boolean {
  const line = lines[at] ?? ''
  if (/^diff --git \S/.test(line) || /^diff -[\w-]+ \S/.test(line)) return true
  if (/^Index: \S/.test(line)) return lines.slice(at + 1, at + 8).some((next) => /^(={20,}|RCS file:|--- |\*\*\* )/.test(next))
  if (/^--- \S/.test(line)) return /^\+\+\+ \S/.test(lines[at + 1] ?? '')
  return /^\*\*\* \S+\s.*\d/.test(line) && /^--- \S/.test(lines[at + 1] ?? '')
}

const HEADERS =
  /^(diff -|index [0-9a-f]{4,}|Index: |={20,}|RCS file:|retrieving revision|new file mode|deleted file mode|old mode|new mode|similarity index|rename |copy |Binary files |GIT binary patch|\*{15}$)/

function isHeader(lines: readonly string[], at: number): boolean {
  const line = lines[at] ?? ''
  if (HEADERS.test(line)) return true
  const next = lines[at + 1] ?? ''
  const before = lines[at - 1] ?? ''
  return (
    (/^--- \S/.test(line) && /^\+\+\+ \S/.test(next)) ||
    (/^\+\+\+ \S/.test(line) && /^--- \S/.test(before)) ||
    (/^\*\*\* \S/.test(line) && (/^--- \S/.test(next) || /^\*\*\* \d+(,\d+)? \*{4}$/.test(line))) ||
    (/^--- \S/.test(line) && (/^\*\*\* \S/.test(before) || /^--- \d+(,\d+)? -{4}$/.test(line)))
  )
}

/** A hunk says how long it is; where a mail program broke its lines, or it is a context diff, what looks like one is taken. */
function hunkLength(lines: readonly string[], at: number): number {
  const counts = /^@@ -\d+(?:,(\d{1,6}))? \+\d+(?:,(\d{1,6}))? @@/.exec(lines[at] ?? '')
  if (!counts) return looseLength(lines, at)
  let olds = Number(counts[1] ?? 1)
  let news = Number(counts[2] ?? 1)
  let next = at + 1
  for (; next < lines.length && (olds > 0 || news > 0); next++) {
    const line = lines[next] ?? ''
    if (line.startsWith('+')) news--
    else if (line.startsWith('-')) olds--
    else if (line.startsWith('\\')) continue
    else if (line.startsWith(' ') || line.trim() === '') {
      olds--
      news--
    } else break
  }
  if (lines[next]?.startsWith('\\')) next++
  return next - at
}

function looseLength(lines: readonly string[], at: number): number {
  let next = at
  while (
    next < lines.length &&
    /^([+!-] | {2}|@@ |[+-](?!-)|\\ )/.test(lines[next] ?? '') &&
    lines[next] !== '-- ' &&
    !isHeader(lines, next)
  )
    next++
  return next - at
}
