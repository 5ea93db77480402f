/** Settings, options and commands in texts that have no markup for them. */

/** Words a program understands: `pool_mode`, `WALG_S3_PREFIX`, `--repo1-path`, `SHOW POOLS`, `logfile`; not `Introduction` or `well-known`. */
export function isTerm(title: string, { isCode = false } = {}): boolean {
  if (title.length > 80) return false
  if (isCode) return title.split(/[\s,/]+/).length <= 4
  return (
    /^-{0,2}[\w.]*_[\w.]*$/.test(title) ||
    /^--?[a-z][\w-]*$/.test(title) ||
    /^[A-Z]{3,}( [A-Z_]{2,}){1,3}$/.test(title) ||
    /^[a-z]{3,}\d*$/.test(title)
  )
}

/** `**ttl**: how long …`: the word in front, given the emphasised start of a list's item and what follows it. */
export function leadingTerm(start: string, rest: string): string | undefined {
  const term = start.replace(/:$/, '').trim()
  const parted = start.trimEnd().endsWith(':') || /^\s*(:|-|–|—|\n|$|\()/.test(rest)
  return parted && /^[\w.$/-]/.test(term) && !term.startsWith('- ') && term.length <= 80 ? term : undefined
}

/** Ids as GitHub and most sites give them to headings. Count up for the second of one name. */
export function slugs(): (title: string) => string | null {
  const given = new Map<string, number>()
  return (title) => {
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-')
    if (slug === '') return null
    const count = given.get(slug) ?? 0
    given.set(slug, count + 1)
    return count === 0 ? slug : `${slug}-${count}`
  }
}
