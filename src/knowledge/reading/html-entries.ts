/** Lists of terms: settings, options, a glossary. */
import { cleanLine } from './clean.ts'
import { type Body, collect, type Place } from './html-body.ts'
import { isUnseen, proseOf, textOf } from './html-text.ts'
import { anchorOf, anchorWithin, descendants, type Element, elementsOf } from './html-tree.ts'

/** A list of terms in an entry that is shorter than this is part of the entry's text; longer ones have entries of their own. */
const INLINE_LIST_CHARACTERS = 1_200

/** A `dl`: one entry a term, or lines of the entry it is in. */
export function readEntries(body: Body, list: Element, place: Place): void {
  body.pending = anchorOf(list) ?? body.pending
  body.strayText(list, place)
  const isInline = place.entry !== null && !isBig(list)
  for (const { terms, bodies } of groups(list)) {
    if (isInline) inlineEntry(body, terms, bodies, place)
    else if (place.entry) place.entry.nested.push(() => readEntry(body, terms, bodies, { ...place, entry: null }))
    else readEntry(body, terms, bodies, place)
  }
}

function inlineEntry(body: Body, terms: Element[], bodies: Element[], place: Place): void {
  body.sayMark(place)
  body.mark = terms.length > 0 ? `- ${termText(terms)}: ` : ''
  for (const part of bodies) body.children(part, place)
  body.sayMark(place)
}

function readEntry(body: Body, terms: Element[], bodies: Element[], place: Place): void {
  const text = termText(terms)
  const anchor = terms.map(anchorWithin).find((found) => found !== null) ?? body.take()
  body.pending = null
  const term = shortTerm(text)
  // Entries in this one are below its term; the entry itself stands beside it.
  const inside = { ...place, within: text === '' ? place.within : [...place.within, term] }
  const { parts, nested } = collect(body, bodies, inside)
  if (text === '') body.list.prose(parts.join('\n\n'), { anchor, within: place.within })
  else body.list.add({ kind: 'entry', text: `${text}\n${parts.join('\n\n')}`, anchor, term, within: place.within })
  for (const make of nested) make()
}

/** Terms with their descriptions; several terms may share one, and `<div>` may be around each group. */
function* groups(list: Element): Generator<{ terms: Element[]; bodies: Element[] }> {
  let terms: Element[] = []
  let bodies: Element[] = []
  for (const child of elementsOf(list).flatMap((child) => (child.tagName === 'div' ? elementsOf(child) : [child]))) {
    if (isUnseen(child)) continue
    if (child.tagName === 'dt') {
      if (bodies.length > 0) {
        yield { terms, bodies }
        terms = []
        bodies = []
      }
      terms.push(child)
    } else bodies.push(child)
  }
  if (terms.length + bodies.length > 0) yield { terms, bodies }
}

function termText(terms: Element[]): string {
  const lines = terms.flatMap((term) => proseOf(term.childNodes).split('\n')).map((line) => cleanLine(line).replace(/,$/, ''))
  return lines.filter((line) => line !== '').join(', ')
}

/** `max_wal_size (integer)` is looked up as `max_wal_size`. */
function shortTerm(text: string): string {
  return /^\w+ \([a-z_ ]+\)$/.test(text) ? text.replace(/ .*$/, '') : text
}

function isBig(list: Element): boolean {
  if ([...descendants(list)].some((inner) => inner.tagName === 'dt' && anchorOf(inner) !== null)) return true
  return textOf(list).replaceAll(/\s+/g, ' ').length > INLINE_LIST_CHARACTERS
}
