/**
 * The English stemmer of Snowball, the one that Postgres's `english_stem` uses: https://snowballstem.org/algorithms/english/stemmer.html. Ours, so that what is
 * stored means the same on every version of Postgres and in an export.
 */

const EXCEPTIONS: Record<string, string> = {
  skis: 'ski',
  skies: 'sky',
  dying: 'die',
  lying: 'lie',
  tying: 'tie',
  idly: 'idl',
  gently: 'gentl',
  ugly: 'ugli',
  early: 'earli',
  only: 'onli',
  singly: 'singl',
}
const INVARIANT = new Set(['sky', 'news', 'howe', 'atlas', 'cosmos', 'bias', 'andes'])
const INVARIANT_AFTER_1A = new Set(['inning', 'outing', 'canning', 'herring', 'earring', 'proceed', 'exceed', 'succeed'])
const DOUBLE = /(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/
const SHORT_SYLLABLE = /(?:^[aeiouy][^aeiouy]|[^aeiouy][aeiouy][^aeiouywxY])$/
const VOWEL = /[aeiouy]/

const STEP_2: Array<[string, string]> = [
  ['ization', 'ize'],
  ['ational', 'ate'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['iveness', 'ive'],
  ['tional', 'tion'],
  ['biliti', 'ble'],
  ['lessli', 'less'],
  ['entli', 'ent'],
  ['ation', 'ate'],
  ['alism', 'al'],
  ['aliti', 'al'],
  ['ousli', 'ous'],
  ['iviti', 'ive'],
  ['fulli', 'ful'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['abli', 'able'],
  ['izer', 'ize'],
  ['ator', 'ate'],
  ['alli', 'al'],
  ['bli', 'ble'],
]
const STEP_3: Array<[string, string]> = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['alize', 'al'],
  ['icate', 'ic'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ness', ''],
  ['ful', ''],
]
const STEP_4 = /(?:ement|ance|ence|able|ible|ment|ant|ent|ism|ate|iti|ous|ive|ize|al|er|ic)$/

/** Of a lower-case word. Words with other letters than a to z come back as they are. */
export function stem(word: string): string {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return word
  const exception = EXCEPTIONS[word]
  if (exception !== undefined && Object.hasOwn(EXCEPTIONS, word)) return exception
  if (INVARIANT.has(word)) return word
  let w = word.replace(/^y/, 'Y').replace(/([aeiouy])y/g, '$1Y')
  const r1 = firstRegion(w)
  const r2 = regionAfter(w, r1)
  w = step1a(w)
  if (INVARIANT_AFTER_1A.has(w)) return w
  w = step1b(w, r1)
  w = w.replace(/([^aeiouy])[yY]$/, (whole, before: string) => (w.length > 2 ? `${before}i` : whole))
  w = step2(w, r1)
  w = step3(w, r1, r2)
  w = step4(w, r2)
  return step5(w, r1, r2).replaceAll('Y', 'y')
}

function firstRegion(word: string): number {
  const special = /^(?:gener|commun|arsen)/.exec(word)
  return special ? special[0].length : regionAfter(word, 0)
}

/** After the first consonant that follows a vowel. */
function regionAfter(word: string, from: number): number {
  const match = /[aeiouy][^aeiouy]/.exec(word.slice(from))
  return match ? from + match.index + 2 : word.length
}

function step1a(w: string): string {
  if (w.endsWith('sses')) return w.slice(0, -2)
  if (/(?:ied|ies)$/.test(w)) return w.slice(0, w.length > 4 ? -2 : -1)
  if (/(?:us|ss)$/.test(w)) return w
  return w.endsWith('s') && VOWEL.test(w.slice(0, -2)) ? w.slice(0, -1) : w
}

function step1b(w: string, r1: number): string {
  const eed = /eed(?:ly)?$/.exec(w)
  if (eed) return eed.index >= r1 ? `${w.slice(0, eed.index)}ee` : w
  const ending = /(?:ed|ing)(?:ly)?$/.exec(w)
  if (!ending || !VOWEL.test(w.slice(0, ending.index))) return w
  const rest = w.slice(0, ending.index)
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`
  // add, egg and err keep theirs, as in Snowball 3: otherwise "added" would not find "add".
  if (DOUBLE.test(rest)) return /^[aeo]..$/.test(rest) ? rest : rest.slice(0, -1)
  return rest.length <= r1 && SHORT_SYLLABLE.test(rest) ? `${rest}e` : rest
}

function step2(w: string, r1: number): string {
  for (const [ending, instead] of STEP_2) {
    if (w.endsWith(ending)) return w.length - ending.length >= r1 ? w.slice(0, -ending.length) + instead : w
  }
  if (w.endsWith('ogi')) return w.length - 3 >= r1 && w.at(-4) === 'l' ? w.slice(0, -1) : w
  return w.endsWith('li') && w.length - 2 >= r1 && /[cdeghkmnrt]li$/.test(w) ? w.slice(0, -2) : w
}

function step3(w: string, r1: number, r2: number): string {
  for (const [ending, instead] of STEP_3) {
    if (w.endsWith(ending)) return w.length - ending.length >= r1 ? w.slice(0, -ending.length) + instead : w
  }
  return w.endsWith('ative') && w.length - 5 >= r1 && w.length - 5 >= r2 ? w.slice(0, -5) : w
}

function step4(w: string, r2: number): string {
  const ending = STEP_4.exec(w)
  if (ending) return ending.index >= r2 ? w.slice(0, ending.index) : w
  return /[st]ion$/.test(w) && w.length - 3 >= r2 ? w.slice(0, -3) : w
}

function step5(w: string, r1: number, r2: number): string {
  const last = w.length - 1
  if (w.endsWith('e') && (last >= r2 || (last >= r1 && !SHORT_SYLLABLE.test(w.slice(0, -1))))) return w.slice(0, -1)
  return w.endsWith('ll') && last >= r2 ? w.slice(0, -1) : w
}
