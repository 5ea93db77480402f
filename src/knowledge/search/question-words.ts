/** What a question asks for, in lexemes. */
import { readWords, type Word } from './lexemes.ts'
import { stem } from './stem.ts'
import { SYNONYMS } from './synonyms.ts'

/** One idea of the question, and the ways passages may put it. */
export interface Concept {
  forms: Form[]
  /** Part of another one that weighs more: `wal` of `max_wal_size`. */
  importance: number
  /** The word itself, in lower case. */
  word: string
  /** Said between quotes: somebody's own name for something, and no slip of the pen. */
  isQuoted: boolean
}

export interface Form {
  /** Several are a phrase. */
  lexemes: string[]
  weight: number
}

/** Nobody asks more; the rest of a pasted log is not read. */
const MOST_CONCEPTS = 40

export function readQuestion(text: string): Concept[] {
  const words = readWords(text.slice(0, 4_000))
  const sequence = words.flatMap((word, index) => word.parts.map((part) => ({ ...part, index })))
  const added = new Map<number, Form[]>()
  const stems = sequence.map((part) => part.stem)
  for (const { asked, meant, weight } of SYNONYM_STEMS) {
    const places = asked.map((phrase) => findPhrase(stems, phrase))
    const [first = -1] = places
    if (places.includes(-1)) continue
    const index = sequence[first]?.index ?? 0
    const forms = meant.map((lexemes) => ({ lexemes, weight }))
    added.set(index, [...(added.get(index) ?? []), ...forms])
  }
  for (const [at, { word, index, isStop }] of sequence.entries()) {
    const next = sequence[at + 1]
    // auto vacuum, check point, dead lock
    if (next && !isStop && !next.isStop && next.index === index + 1) {
      added.set(index, [...(added.get(index) ?? []), { lexemes: [stem(word + next.word)], weight: 0.9 }])
    }
  }
  for (const [index, form] of joined(words)) added.set(index, [...(added.get(index) ?? []), form])
  const concepts = words.flatMap((word, index) => conceptsOf(word, added.get(index) ?? [], isQuoted(text, word)))
  return merged([...concepts, ...loosened([...added.values()].flat())]).slice(0, MOST_CONCEPTS)
}

/** Names of settings, functions and views are said in words: `max connections`, `idle in transaction session timeout`. Those that are none are in no passage. */
function* joined(words: readonly Word[]): Generator<[index: number, form: Form]> {
  for (const [index, first] of words.entries()) {
    if (first.parts[0]?.isStop) continue
    for (let count = 2; count <= MOST_JOINED; count++) {
      const some = words.slice(index, index + count)
      if (some.length < count || some.some(({ parts, whole }) => parts.length !== 1 || whole !== null)) break
      if (some.at(-1)?.parts[0]?.isStop) continue
      yield [index, { lexemes: [some.map(({ parts }) => parts[0]?.word).join('_')], weight: 0.6 }]
    }
  }
}
const MOST_JOINED = 5

/** What a phrase says is worth something also when its words stand apart. */
function loosened(forms: readonly Form[]): Concept[] {
  return forms
    .filter(({ lexemes }) => lexemes.length > 1)
    .flatMap(({ lexemes, weight }) =>
      lexemes.map((lexeme) => ({ forms: [{ lexemes: [lexeme], weight: 1 }], importance: LOOSE * weight, word: lexeme, isQuoted: true })),
    )
}
const LOOSE = 0.4

/** Each phrase in stems. */
export const SYNONYM_STEMS = SYNONYMS.map(({ asked, meant, weight }) => ({
  asked: asked.map((phrase) => phrase.map(stem)),
  meant: meant.map((phrase) => phrase.flatMap((word) => lexemesOf(word))),
  weight,
}))

function findPhrase(stems: readonly string[], phrase: readonly string[]): number {
  return stems.findIndex((_, at) => phrase.every((one, offset) => stems[at + offset] === one))
}

function lexemesOf(word: string): string[] {
  return readWords(word).flatMap(({ whole, parts }) =>
    whole === null ? parts.filter(({ isStop }) => !isStop).map((part) => part.stem) : [whole],
  )
}

function conceptsOf({ whole, parts }: Word, synonyms: Form[], quoted: boolean): Concept[] {
  const concept = (forms: Form[], importance = 1, word = whole ?? parts[0]?.word ?? ''): Concept => ({
    forms,
    importance,
    word,
    isQuoted: quoted,
  })
  if (whole === null) {
    const spoken = parts.filter(({ isStop }) => !isStop)
    const own = spoken.flatMap((part) => spellingsOf(part.word).map((word) => ({ lexemes: [stem(word)], weight: 1 })))
    if (own.length === 0 && synonyms.length === 0) return []
    return [concept([...own, ...synonyms])]
  }
  if (parts.length === 0) return [concept([{ lexemes: [whole], weight: 1 }])]
  const phrase = { lexemes: parts.map((part) => part.stem), weight: 0.9 }
  const isHidden = parts.length > 1
  return [
    concept([{ lexemes: [whole], weight: 1 }, ...(isHidden ? [phrase] : []), ...synonyms]),
    ...parts
      .filter((part) => part.word.length > 1)
      .map((part) => concept([{ lexemes: [part.stem], weight: 1 }], isHidden ? 0.4 : 0.8, part.word)),
  ]
}

/** As British authors write it, and as the manual does. */
function spellingsOf(word: string): string[] {
  const american = word.replace(/([a-z]{3}[a-z]*)is(e[ds]?|ing|ations?|ers?|able)$/, '$1iz$2').replace(/([a-z]{3}[a-z]*)our(s?)$/, '$1or$2')
  const other = american.replace(/^analys/, 'analyz')
  return other === word ? [word] : [word, other]
}

/** The same idea said twice counts once. */
function merged(concepts: Concept[]): Concept[] {
  const known = new Map<string, Concept>()
  for (const concept of concepts) {
    const key = (concept.forms[0]?.lexemes ?? []).join(' ')
    const same = known.get(key)
    if (!same) known.set(key, concept)
    else {
      same.importance = Math.min(1.3, Math.max(same.importance, concept.importance) + 0.1)
      for (const form of concept.forms) {
        if (!same.forms.some(({ lexemes }) => lexemes.join(' ') === form.lexemes.join(' '))) same.forms.push(form)
      }
    }
  }
  return [...known.values()]
}

function isQuoted(text: string, { start, end }: Word): boolean {
  const before = text[start - 1] ?? ''
  const after = text[end] ?? ''
  return /["'`“‘«]/.test(before) && /["'`”’»]/.test(after)
}
