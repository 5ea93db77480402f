/** The address of a page as the URL standard writes it, spaces and brackets encoded; undefined when it is none of the web's. */
export function webAddress(url: string): string | undefined {
  return /^https?:/i.test(url) && URL.canParse(url) ? new URL(url).href : undefined
}
