/** Blocks to passages, by structure: a passage is what a reader would point at. */
import type { Block, Passage } from '../document.ts'
import { cutLines, cutProse, cutTable } from './cut.ts'
import { countTokens } from './tokens.ts'

/** In tokens. What stays below `whole` is not cut; what is longer becomes pieces of about `piece`. */
const PROSE = { piece: 350, whole: 500 }
/** Of what must not be torn: a table, an example, an entry. Above `whole` it is cut all the same, as no model embeds it and no reader wants it. */
const UNTORN = { piece: 1_000, whole: 2_000 }

/** What is repeated in front of each part of an entry. */
const MAX_HEADING_CHARACTERS = 300

/** A passage in the making: neighbours of one section. */
interface Unit {
  block: Block
  text: string
  tokens: number
  /** Cut out of something longer: joined with nothing, as an empty line between would be new. */
  isCut: boolean
}

/** The same blocks give the same passages. Every passage has a text, and the blocks' texts are in them once (but repeated headings). */
export function split(blocks: readonly Block[]): Passage[] {
  const passages: Passage[] = []
  const give = (units: readonly Unit[]) => {
    const text = units.map((unit) => unit.text).join('\n\n')
    const first = units[0]
    if (!first || text.trim() === '') return
    const { breadcrumb, anchor, term } = first.block
    passages.push({ position: passages.length, breadcrumb, anchor, kind: kindOf(units), term, text, tokens: countTokens(text) })
  }
  for (const run of runs(blocks)) {
    for (const part of byAnchor(run)) for (const passage of pack(part.flatMap(unitsOf))) give(passage)
  }
  return passages
}

/** Neighbours that may share a passage: of one section, and no entries or messages, which stand alone. */
function* runs(blocks: readonly Block[]): Generator<Block[]> {
  let run: Block[] = []
  for (const block of blocks) {
    const last = run.at(-1)
    if (last && !(isJoinable(last) && isJoinable(block) && sameSection(last, block))) {
      yield run
      run = []
    }
    run.push(block)
  }
  if (run.length > 0) yield run
}

/** What has an anchor of its own in a section begins a passage, so that a link leads to it; a table or example with one ends it too. */
function byAnchor(run: readonly Block[]): Block[][] {
  const section = (run.find((block) => block.kind === 'prose') ?? run[0])?.anchor
  const parts: Block[][] = []
  for (const block of run) {
    const last = parts.at(-1)?.at(-1)
    const begins = block.anchor !== section || (last?.kind !== 'prose' && last?.anchor !== section)
    if (last && !(begins && block.anchor !== last.anchor)) parts.at(-1)?.push(block)
    else parts.push([block])
  }
  return parts
}

function isJoinable({ kind }: Block): boolean {
  return kind !== 'entry' && kind !== 'message'
}

function sameSection(left: Block, right: Block): boolean {
  return left.breadcrumb.length === right.breadcrumb.length && left.breadcrumb.every((title, at) => title === right.breadcrumb[at])
}

/** Paragraphs of prose, and everything else in one piece as far as it goes. */
function unitsOf(block: Block): Unit[] {
  const isProse = block.kind === 'prose' || block.kind === 'message'
  return (isProse ? block.text.split(/\n{2,}/) : [block.text]).flatMap((whole) => {
    const texts = isProse ? cutProse(whole, PROSE) : cut(block.kind, whole)
    return texts.map((text) => ({ block, text, tokens: countTokens(text), isCut: texts.length > 1 }))
  })
}

function cut(kind: Block['kind'], text: string): string[] {
  if (countTokens(text) <= UNTORN.whole) return [text]
  if (kind === 'table') return cutTable(text, UNTORN.piece)
  const first = text.slice(0, MAX_HEADING_CHARACTERS + 1).split('\n', 1)[0] as string
  return cutLines(text, UNTORN.piece, { heading: kind === 'entry' && first.length <= MAX_HEADING_CHARACTERS ? first : '' })
}

/** A run that is short enough stays whole; a longer one is parted evenly, between units only. */
function pack(units: readonly Unit[]): Unit[][] {
  const total = units.reduce((sum, unit) => sum + unit.tokens, 0)
  if (total <= PROSE.whole) return [[...units]]
  const target = total / Math.ceil(total / PROSE.piece)
  const packed: Unit[][] = []
  let current: Unit[] = []
  let tokens = 0
  for (const group of withIntroductions(units)) {
    const more = group.reduce((sum, unit) => sum + unit.tokens, 0)
    const tooMuch = tokens + more > PROSE.whole || tokens + more / 2 > target || group[0]?.isCut || current[0]?.isCut
    if (current.length > 0 && tooMuch) {
      packed.push(current)
      current = []
      tokens = 0
    }
    current.push(...group)
    tokens += more
  }
  packed.push(current)
  return packed
}

/** `For example:` belongs to what follows it. */
function withIntroductions(units: readonly Unit[]): Unit[][] {
  const groups: Unit[][] = []
  for (const unit of units) {
    const before = groups.at(-1)
    const introduction = before?.at(-1)
    const introduces =
      introduction?.block.kind === 'prose' &&
      !unit.isCut &&
      !introduction.isCut &&
      unit.block.kind !== 'prose' &&
      introduction.text.endsWith(':')
    if (before && introduces && introduction.tokens <= PROSE.piece) before.push(unit)
    else groups.push([unit])
  }
  return groups
}

function kindOf(units: readonly Unit[]): Block['kind'] {
  const first = (units[0] as Unit).block.kind
  return units.every((unit) => unit.block.kind === first) ? first : 'prose'
}
