/** Of a quote, at most. */
export const MOST_WORDS = 40

/**
 * A quote of any origin held against the text it is said to be from: as it stands there, every run of white space one space; undefined when it is not there
 * literally, is longer than MOST_WORDS, or says nothing.
 */
export function literalQuote(quote: string, text: string): string | undefined {
  const wanted = onOneLine(quote)
  const words = wanted.split(' ').length
  return wanted !== '' && words <= MOST_WORDS && onOneLine(text).includes(wanted) ? wanted : undefined
}

function onOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
