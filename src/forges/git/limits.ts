/** How far a fetch goes. All in one place. */
export interface GitLimits {
  /** One call of git that talks to the server. */
  fetchMs: number
  /** A server that sends less than 1,000 bytes a second for so long has stopped. */
  stallSeconds: number
  /** What one fetch may add, compressed as it is sent. */
  fetchBytes: number
  /** All repositories of the cache together; the least recently used goes first. */
  cacheBytes: number
  /** A repository used within this time is not removed for its size: another process may be reading it. */
  keepMs: number
  /** A lock whose holder has not shown a sign of life for so long is nobody's. */
  lockMs: number
  /** Packs after which a repository is packed anew. */
  packs: number
  /** Commits the server is then still told of; the objects of all others stay. */
  refs: number
}

export const GIT_LIMITS: GitLimits = {
  fetchMs: 120_000,
  stallSeconds: 20,
  fetchBytes: 512 * 1024 * 1024,
  cacheBytes: 8 * 1024 * 1024 * 1024,
  keepMs: 900_000,
  lockMs: 30_000,
  packs: 60,
  refs: 100,
}
