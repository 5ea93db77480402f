import type { Forge, ForgeName } from '../forges/forge.ts'

export const HANDLE = 'pgwitness'

/** Names under which we are mentioned: our own, and that of the user we act as. */
export interface Handles {
  /** As far as they are known by now. */
  known(forge: ForgeName): string[]
  fetch(forge: Forge, signal: AbortSignal): Promise<string[]>
}

export function newHandles(
  forges: readonly Forge[],
  log: (fields: Record<string, unknown>, message: string) => void,
  signal: AbortSignal,
): Handles {
  const logins = new Map<ForgeName, string>()
  const known = (forge: ForgeName): string[] => [HANDLE, ...(logins.has(forge) ? [logins.get(forge) ?? ''] : [])]
  const fetch = async (forge: Forge, within: AbortSignal): Promise<string[]> => {
    if (!logins.has(forge.name)) logins.set(forge.name, (await forge.fetchIdentity(within)).login.replace(/\[bot\]$/, ''))
    return known(forge.name)
  }
  // A forge that does not answer now is asked again when there is work.
  for (const forge of forges) {
    fetch(forge, signal).catch((error: unknown) => {
      if (!signal.aborted)
        log({ forge: forge.name, error: error instanceof Error ? error.message : 'unknown' }, 'the forge does not answer as it should')
    })
  }
  return { known, fetch }
}
