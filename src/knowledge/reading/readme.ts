/** A README in plain text: sections by the lines under their titles, each piece with the line it begins at. */
import type { Block } from '../document.ts'
import { cleanLine, cleanLines } from './clean.ts'

/** A piece ends with the paragraph that makes it longer than this, so that a link leads near what is quoted. */
const PIECE_CHARACTERS = 1200
const UNDERLINE = /^\s{0,3}([=~^*-])\1{2,}\s*$/

/** Levels are told by the sign of the underline, in the order they appear; a title in capitals is on the first. */
export function readReadme(text: string): Block[] {
  const lines = text.split(/\r?\n/)
  const blocks: Block[] = []
  const levels: string[] = []
  let breadcrumb: string[] = []
  let piece: string[] = []
  let start = 1
  const end = () => {
    const clean = cleanLines(piece.join('\n'))
    if (clean !== '') blocks.push({ breadcrumb, anchor: `L${start}`, kind: 'prose', term: null, text: clean })
    piece = []
  }
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const heading = headingAt(lines, at)
    if (heading) {
      end()
      if (!levels.includes(heading.mark)) levels.push(heading.mark)
      breadcrumb = [...breadcrumb.slice(0, levels.indexOf(heading.mark)), heading.title]
      at += heading.lines - 1
    } else if (!isNoise(line, at)) {
      const isFull = piece.join('\n').length > PIECE_CHARACTERS
      if (isFull && line.trim() === '') end()
      if (piece.every((before) => before.trim() === '')) {
        piece = []
        start = at + 1
      }
      piece.push(line)
    }
  }
  end()
  return blocks
}

function headingAt(lines: readonly string[], at: number): { title: string; mark: string; lines: number } | undefined {
  const line = lines[at] ?? ''
  const title = cleanLine(line)
  const before = lines[at - 1]?.trim() ?? ''
  if (title === '' || title.length > 100 || /[.,;]$/.test(title)) return undefined
  const mark = UNDERLINE.exec(lines[at + 1] ?? '')?.[1]
  if (mark !== undefined && (before === '' || UNDERLINE.test(before))) return { title, mark, lines: 2 }
  const isMarkdown = /^(#{1,6}) +\S/.exec(line)
  if (isMarkdown) return { title: title.replace(/^#+ +|\s*#+$/g, ''), mark: isMarkdown[1] ?? '#', lines: 1 }
  const isCapitals = /^[A-Z][A-Z0-9 /,'()-]{3,}$/.test(line) && before === '' && (lines[at + 1]?.trim() ?? '') === ''
  return isCapitals ? { title, mark: 'capitals', lines: 1 } : undefined
}

/** Marks of the version control of old, the path of the file itself, lines that part sections. */
function isNoise(line: string, at: number): boolean {
  return /^\s*\$(PostgreSQL|Header|Id)\b.*\$\s*$/.test(line) || UNDERLINE.test(line) || (at < 3 && /^\s*(src|contrib)\/\S+\s*$/.test(line))
}
