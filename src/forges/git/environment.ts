/**
 * Variables git is started with, and nothing else: neither the machine's nor a user's configuration counts, nothing asks at a terminal, and settings come
 * last, so that they win. Git reads `GIT_CONFIG_COUNT` since 2.31; before, all of it would be ignored.
 */
export const OLDEST_GIT = [2, 31] as const

/** Whom git fetches from. */
export interface Server {
  url: string
  authorization: string | undefined
  stallSeconds: number
  /** Whether the server may leave out what comes with commits that are there already. */
  tellsWhatItHas: boolean
}

type Setting = readonly [key: string, value: string]

const NOTHING_RUNS: readonly Setting[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.commitGraph', 'false'],
  ['credential.helper', ''],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  // Larger ones flow past instead of being held in memory.
  ['core.bigFileThreshold', '16m'],
  ['pack.threads', '1'],
]

/** For commands that only look at what is there. Objects that are missing are missing: no server is known that could be asked. */
export function localEnvironment(given: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  return { ...isolated(given, folder), GIT_ALLOW_PROTOCOL: 'none', ...settings(NOTHING_RUNS) }
}

/** For packing anew: what came from a server counts as wanted even if no branch points to it, and what did not come is not missed. */
export function packEnvironment(given: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  return { ...localEnvironment(given, folder), ...settings([...NOTHING_RUNS, ['remote.origin.promisor', 'true']]) }
}

/** For a fetch. The secret is in a variable of this process only. */
export function fetchEnvironment(given: Readonly<Record<string, string>>, folder: string, server: Server): Record<string, string> {
  const { origin, protocol } = new URL(server.url)
  const entries: Setting[] = [
    ...NOTHING_RUNS,
    ['remote.origin.url', server.url],
    // With these git neither writes them into the repository nor expects all blobs to be there.
    ['remote.origin.promisor', 'true'],
    ['remote.origin.partialclonefilter', 'blob:none'],
    ['protocol.version', '2'],
    ['http.followRedirects', 'false'],
    ['http.sslVerify', 'true'],
    ['http.lowSpeedLimit', '1000'],
    ['http.lowSpeedTime', String(server.stallSeconds)],
    // No further addresses that the server names.
    ['fetch.uriProtocols', ''],
    ['transfer.bundleURI', 'false'],
    ['fetch.negotiationAlgorithm', server.tellsWhatItHas ? 'consecutive' : 'noop'],
    ...(server.authorization === undefined ? [] : [[`http.${origin}/.extraHeader`, `Authorization: ${server.authorization}`] as const]),
  ]
  return { ...isolated(given, folder), GIT_ALLOW_PROTOCOL: protocol.slice(0, -1), ...settings(entries) }
}

function isolated(given: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  return {
    ...given,
    GIT_DIR: folder,
    // Without a home there is no .netrc either.
    HOME: '/dev/null',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_DEFAULT_REF_FORMAT: 'files',
  }
}

function settings(entries: readonly Setting[]): Record<string, string> {
  const variables = entries.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ])
  return { GIT_CONFIG_COUNT: String(entries.length), ...Object.fromEntries(variables) }
}
