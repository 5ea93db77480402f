/** Text as people write it to a list: chains of the manual's words, with names, numbers and identifiers that hardly anybody else writes. */
export interface MailWriter {
  subject(): string
  /** Of about so many words. */
  paragraph(words: number): string
  /** From zero up to, not including, `below`. */
  number(below: number): number
}

const START = '.'
/** Of all words, those that are made up. */
const OWN_WORDS = 0.03
const OWN_LETTERS = 'abcdefghijklmnoprstuvw'

/** The same texts and seed give the same mails. */
export function newMailWriter(texts: Iterable<string>, seed = 1): MailWriter {
  const next = chainsOf(texts)
  const random = randomOf(seed)
  const number = (below: number): number => Math.floor(random() * below)
  const own = (): string => {
    const letters = Array.from({ length: 4 + number(4) }, () => OWN_LETTERS[number(OWN_LETTERS.length)]).join('')
    return [letters, `${letters}_id`, `${letters}.c`, String(number(1_000_000)), `0x${number(2 ** 31).toString(16)}`][number(5)] ?? letters
  }
  const words = (count: number): string[] => {
    const said: string[] = []
    let [a, b] = [START, START]
    while (said.length < count) {
      const choice = next.get(`${a} ${b}`) ?? next.get(`${START} ${START}`) ?? []
      const word = choice[number(choice.length)] ?? START
      ;[a, b] = [b, word]
      if (word !== START) said.push(random() < OWN_WORDS ? own() : word)
    }
    return said
  }
  return { subject: () => words(6).join(' '), paragraph: (count) => `${words(count).join(' ')}.`, number }
}

/** What follows two words, as often as it does. */
function chainsOf(texts: Iterable<string>): Map<string, string[]> {
  const next = new Map<string, string[]>()
  for (const text of texts) {
    let [a, b] = [START, START]
    for (const word of [...text.split(/\s+/).filter((one) => one !== ''), START]) {
      const known = next.get(`${a} ${b}`)
      if (known) known.push(word)
      else next.set(`${a} ${b}`, [word])
      ;[a, b] = [b, word]
    }
  }
  return next
}

/** mulberry32, from zero to one. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
