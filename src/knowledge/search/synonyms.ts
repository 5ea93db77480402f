/** What people say and what the manual says. Tuned on the development questions of test/fixtures/knowledge only. */
import { PLAIN_WORDS } from './plain-words.ts'
import { TRADE_WORDS } from './trade-words.ts'

export interface Synonym {
  /** Phrases, in lower case, that must all be in the question. */
  asked: string[][]
  /** What to look for as well, each a phrase. */
  meant: string[][]
  weight: number
}

/** Where words stand for a thing of the trade they mean it; everyday words mean many things. */
const SURE = 0.8
const UNSURE = 0.45

export const SYNONYMS: readonly Synonym[] = [...read(TRADE_WORDS, SURE), ...read(PLAIN_WORDS, UNSURE)]

function read(lines: string, weight: number): Synonym[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [asked = '', meant = ''] = line.split(' = ')
      return {
        asked: asked.split(' & ').map((phrase) => phrase.split(' ')),
        meant: meant.split(', ').map((phrase) => phrase.split(' ')),
        weight,
      }
    })
}
