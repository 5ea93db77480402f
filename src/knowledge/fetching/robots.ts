/** robots.txt, by RFC 9309. A parser of our own, as the one that is used most has had no release since 2023. */

export interface Robots {
  /** `path` with its query, as in the address. */
  allows(path: string): boolean
  /** What some sites ask for beside the standard. */
  delayMs: number | undefined
}

export const ALL_ALLOWED: Robots = { allows: () => true, delayMs: undefined }

/** The standard asks for 500 KiB at least. */
export const MAX_ROBOTS_BYTES = 512 * 1024
const MAX_RULES = 5000
const MAX_PATTERN_CHARACTERS = 2000

interface Rule {
  isAllowed: boolean
  pattern: string
}
interface Group {
  agents: string[]
  rules: Rule[]
  delayMs: number | undefined
}

/** `product` is the word of our user agent that robots.txt may name. Groups that name it count together; else those for all. */
export function readRobots(text: string, product: string): Robots {
  const groups = readGroups(text.slice(0, MAX_ROBOTS_BYTES))
  const named = groups.filter(({ agents }) => agents.includes(product.toLowerCase()))
  const ours = named.length > 0 ? named : groups.filter(({ agents }) => agents.includes('*'))
  const rules = ours.flatMap((group) => group.rules)
  const delays = ours.flatMap(({ delayMs }) => (delayMs === undefined ? [] : [delayMs]))
  return {
    delayMs: delays.length > 0 ? Math.max(...delays) : undefined,
    allows(path) {
      const normal = normalise(path)
      if (normal === '/robots.txt') return true
      let best: Rule | undefined
      for (const rule of rules) {
        if (best && (rule.pattern.length < best.pattern.length || (rule.pattern.length === best.pattern.length && best.isAllowed))) continue
        if (matches(rule.pattern, normal)) best = rule
      }
      return best?.isAllowed ?? true
    },
  }
}

function readGroups(text: string): Group[] {
  const groups: Group[] = []
  let isNaming = false
  let count = 0
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n?|\n/)) {
    const [, key = '', value = ''] = /^\s*([\w-]+)\s*:\s*([^#]*)/.exec(line.slice(0, MAX_PATTERN_CHARACTERS + 100)) ?? []
    const group = groups.at(-1)
    switch (key.toLowerCase()) {
      case 'user-agent': {
        const agent = /^(\*|[A-Za-z_-]+)/.exec(value.trim())?.[1]?.toLowerCase() ?? ''
        if (isNaming) group?.agents.push(agent)
        else groups.push({ agents: [agent], rules: [], delayMs: undefined })
        isNaming = true
        break
      }
      case 'allow':
      case 'disallow': {
        isNaming = false
        const pattern = value.trim()
        if (group && pattern !== '' && count++ < MAX_RULES)
          group.rules.push({ isAllowed: key.toLowerCase() === 'allow', pattern: normalise(pattern) })
        break
      }
      case 'crawl-delay':
        isNaming = false
        if (group && /^\d+(\.\d+)?\s*$/.test(value)) group.delayMs = Number(value) * 1000
    }
  }
  return groups
}

/** Letters that need no escape are written plainly, all others escaped, in capitals. */
function normalise(path: string): string {
  return path
    .replaceAll(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character.toWellFormed()))
    .replaceAll(/%([0-9a-f]{2})/gi, (escaped, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16))
      return /[A-Za-z0-9._~-]/.test(character) ? character : escaped.toUpperCase()
    })
}

/** `*` is anything, `$` at the end is the end. In steps of pattern times path at most, whatever a site writes. */
function matches(pattern: string, path: string): boolean {
  const isAnchored = pattern.endsWith('$')
  const [first = '', ...rest] = (isAnchored ? pattern.slice(0, -1) : pattern).split('*')
  if (!path.startsWith(first)) return false
  if (rest.length === 0) return !isAnchored || path.length === first.length
  let at = first.length
  const last = isAnchored ? (rest.pop() ?? '') : ''
  for (const piece of rest) {
    const found = path.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return !isAnchored || (path.length - last.length >= at && path.endsWith(last))
}
