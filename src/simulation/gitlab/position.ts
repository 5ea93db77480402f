import { z } from 'zod'
import { type DiffFile, type DiffLine, readDiff, TOO_LARGE_BYTES } from './diff.ts'
import type { MergeRequest, Position } from './instance.ts'
import { invalidNote, Refusal } from './refusal.ts'
import { integer, text } from './route.ts'

const RangeEnd = z.strictObject({ line_code: text.optional(), type: text.nullish(), old_line: integer, new_line: integer })

/** `position` of a discussion or a draft note. docs.gitlab.com: api/discussions, create a new merge request thread. */
export const PositionParameters = z.strictObject({
  base_sha: text.optional(),
  start_sha: text.optional(),
  head_sha: text.optional(),
  position_type: text.optional(),
  old_path: text.optional(),
  new_path: text.optional(),
  old_line: integer,
  new_line: integer,
  line_range: z.strictObject({ start: RangeEnd.optional(), end: RangeEnd.optional() }).optional(),
  width: integer,
  height: integer,
  x: integer,
  y: integer,
})
export type PositionParameters = z.infer<typeof PositionParameters>
type Read = PositionParameters
type Violate = (text: string) => void

export interface Placed {
  position: Position
  lineCode: string | undefined
  /** The line it is at; undefined on a whole file. */
  line: DiffLine | undefined
}

const NO_LINE = { line_code: ["can't be blank", 'must be a valid line code'] }

/**
 * Where a comment goes. Undefined when the position is not whole: it becomes an ordinary discussion, and a client has to look at what it got. (By its source
 * some versions of GitLab refuse those without commits or type: `position[base_sha] is missing`.)
 */
export async function place(request: MergeRequest, read: Read | null | undefined, violate: Violate): Promise<Placed | undefined> {
  if (!read) return undefined
  const type = read.position_type
  if (type !== undefined && type !== 'text' && type !== 'image' && type !== 'file')
    throw new Refusal(400, { error: 'position[position_type] does not have a valid value' })
  const needed = ['base_sha', 'start_sha', 'head_sha', 'position_type', 'old_path', 'new_path'] as const
  const missing = needed.filter((key) => !read[key])
  if (missing.length > 0) {
    violate(`position without ${missing.join(', ')}: it becomes an ordinary discussion`)
    return undefined
  }
  const position: Position = {
    base_sha: read.base_sha as string,
    start_sha: read.start_sha as string,
    head_sha: read.head_sha as string,
    old_path: read.old_path as string,
    new_path: read.new_path as string,
    position_type: type as Position['position_type'],
    old_line: read.old_line ?? null,
    new_line: read.new_line ?? null,
    line_range: null,
  }
  const file = await findFile(request, position, violate)
  if (type !== 'text') {
    if (read.old_line !== undefined || read.new_line !== undefined) violate(`a position of type ${type} has no line`)
    return { position, lineCode: undefined, line: undefined }
  }
  const line = findLine(file, position, violate)
  if (read.line_range) position.line_range = readRange(read.line_range, file, line, violate)
  return { position, lineCode: line.code, line }
}

async function findFile(request: MergeRequest, position: Position, violate: Violate): Promise<DiffFile> {
  const { base_sha, start_sha, head_sha, old_path, new_path } = position
  const version = request.versions.find(({ base, start, head }) => base === base_sha && start === start_sha && head === head_sha)
  if (!version) violate('base_sha, start_sha and head_sha are of no version of the merge request')
  const diff = version ? await readDiff(request.project.repository, version.base, version.head) : []
  const file = diff.find((one) => one.newPath === new_path && one.oldPath === old_path)
  if (version && !file) violate(`the diff has no file that was ${old_path} and is ${new_path}`)
  if (!file) throw invalidNote(NO_LINE)
  return file
}

/** Added lines have only the new number, removed ones only the old, others both. lib/gitlab/diff/file.rb, line_for_position. */
function findLine(file: DiffFile, { old_line, new_line }: Position, violate: Violate): DiffLine {
  if (old_line === null && new_line === null) {
    violate('position without new_line and old_line')
    throw invalidNote({ position: ['is incomplete'], ...NO_LINE })
  }
  const isShown = Buffer.byteLength(file.patch) < TOO_LARGE_BYTES
  const line = isShown && file.lines.find((one) => (one.oldLine ?? null) === old_line && (one.newLine ?? null) === new_line)
  if (line) return line
  const near = isShown && file.lines.find((one) => (new_line !== null ? one.newLine === new_line : one.oldLine === old_line))
  violate(
    near
      ? `${file.newPath}: the ${near.kind} line is old_line ${near.oldLine ?? 'absent'}, new_line ${near.newLine ?? 'absent'}`
      : `${file.newPath}: the diff shows no line with old_line ${old_line}, new_line ${new_line}`,
  )
  throw invalidNote(NO_LINE)
}

function readRange(range: NonNullable<Read['line_range']>, file: DiffFile, line: DiffLine, violate: Violate): Position['line_range'] {
  const start = readEnd('start', range.start, file, violate)
  const end = readEnd('end', range.end, file, violate)
  if (end.line !== line) violate('line_range[end] is not the line of the position')
  if (file.lines.indexOf(start.line) > file.lines.indexOf(end.line)) violate('line_range[start] is after line_range[end]')
  return { start: start.stored, end: end.stored }
}

/** GitLab itself would store a wrong code and show the comment at the wrong lines. */
function readEnd(name: string, end: z.infer<typeof RangeEnd> | undefined, file: DiffFile, violate: Violate) {
  const line = file.lines.find(({ code }) => code === end?.line_code)
  if (!end?.line_code || !line) {
    violate(`line_range[${name}][line_code] ${end?.line_code ?? 'is missing'} is of no line of ${file.newPath} in the diff`)
    throw invalidNote({ line_code: ['must be a valid line code'] })
  }
  const type = end.type || null
  if (line.kind === 'added' ? type !== 'new' : type !== 'old' && (type !== null || line.kind === 'removed'))
    violate(`line_range[${name}][type] of a ${line.kind} line is not ${type}: new for added lines, otherwise old`)
  for (const side of ['old', 'new'] as const) {
    const told = end[`${side}_line`]
    if (told !== undefined && told !== line[`${side}Line`]) violate(`line_range[${name}][${side}_line] is not ${told}`)
  }
  return { line, stored: { line_code: line.code, type, old_line: line.oldLine ?? null, new_line: line.newLine ?? null } }
}
