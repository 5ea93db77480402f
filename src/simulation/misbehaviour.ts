/** What goes wrong with a request. Fields add up: a slow 500 is `delayMs` and `status`. */
export interface Misbehaviour {
  /** Any when not told. */
  method?: string
  /** Part of the path with its query, as it came; any when not told. */
  path?: string | RegExp
  /** How many matching requests; 1 when not told. */
  times?: number
  /** How many matching requests go well first. */
  after?: number
  /** The answer instead of the right one. */
  status?: number
  /** Headers beside those of the answer: `{ 'retry-after': '1' }`. */
  headers?: Record<string, string>
  /** With `status`: the body; the forge's usual one when not told. A string is sent as it is. */
  body?: unknown
  /** With `status` or `reset`: the request is carried out all the same. */
  isCarriedOut?: boolean
  /** The connection ends without an answer. */
  reset?: boolean
  /** The connection ends in the middle of the body. */
  truncate?: boolean
  delayMs?: number
  /** A list comes in another order, the same on all its pages. */
  shuffle?: boolean
  /** Run before the request is carried out: a person deletes a comment, somebody pushes. */
  hook?: () => void | Promise<void>
}

/** Decides about each request: rules first, in their order, then chance. */
export interface Misbehaviours {
  add(rule: Misbehaviour): void
  random(rate: number, seed: number): void
  /** Undefined when nothing goes wrong. Counts. */
  next(method: string, path: string): Misbehaviour | undefined
}

/** What a client has to survive by asking again. */
const TRANSIENT: readonly Misbehaviour[] = [
  { status: 500 },
  { status: 502, body: '<html><body><h1>502 Bad Gateway</h1></body></html>', headers: { 'content-type': 'text/html' } },
  { status: 503, headers: { 'retry-after': '1' } },
  { status: 504, isCarriedOut: true },
  { status: 429, headers: { 'retry-after': '1' } },
  { reset: true },
  { reset: true, isCarriedOut: true },
  { truncate: true },
  { delayMs: 200 },
  { shuffle: true },
]

/** `extra` are faults only this forge has. */
export function newMisbehaviours(extra: readonly Misbehaviour[] = []): Misbehaviours {
  let rules: Array<{ rule: Misbehaviour; after: number; left: number }> = []
  let rate = 0
  let chance = randomFrom(1)
  const faults = [...TRANSIENT, ...extra]
  return {
    add(rule) {
      rules.push({ rule, after: rule.after ?? 0, left: rule.times ?? 1 })
    },
    random(newRate, seed) {
      rate = newRate
      chance = randomFrom(seed)
    },
    next(method, path) {
      for (const entry of rules) {
        if (!matches(entry.rule, method, path)) continue
        if (entry.after > 0) {
          entry.after -= 1
          continue
        }
        entry.left -= 1
        rules = rules.filter(({ left }) => left > 0)
        return entry.rule
      }
      const fault = rate > 0 && chance() < rate ? faults[Math.floor(chance() * faults.length)] : undefined
      return fault && matches(fault, method, path) ? fault : undefined
    },
  }
}

function matches({ method, path }: Misbehaviour, requestMethod: string, requestPath: string): boolean {
  if (method !== undefined && method !== requestMethod) return false
  return path === undefined || (typeof path === 'string' ? requestPath.includes(path) : path.test(requestPath))
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
