/** The settings of a session as SET, SET LOCAL, RESET and the end of a transaction change them. */
export type Settings = Record<string, string>

/** What ROLLBACK brings back. */
export interface SettingsSnapshot {
  session: Settings
  local: Settings
}

export interface SessionSettings {
  /** Lower-case names; the same object until something changes. */
  inForce(): Settings
  set(name: string, value: string, local: boolean): void
  /** `all` for all. */
  reset(name: string, local: boolean): void
  snapshot(): SettingsSnapshot
  restore(snapshot: SettingsSnapshot): void
  /** SET LOCAL ends with its transaction. */
  forgetLocal(): void
}

export function sessionSettings(): SessionSettings {
  let session: Settings = {}
  let local: Settings = {}
  let merged: Settings = {}
  const change = (next: SettingsSnapshot) => {
    session = next.session
    local = next.local
    merged = { ...session, ...local }
  }
  return {
    inForce: () => merged,
    set(name, value, isLocal) {
      // A SET after a SET LOCAL of the same name wins over it.
      if (isLocal) change({ session, local: { ...local, [name]: value } })
      else change({ session: { ...session, [name]: value }, local: without(local, name) })
    },
    reset(name, isLocal) {
      if (name === 'all') change({ session: {}, local: {} })
      else change({ session: isLocal ? session : without(session, name), local: without(local, name) })
    },
    snapshot: () => ({ session, local }),
    restore: change,
    forgetLocal() {
      if (Object.keys(local).length > 0) change({ session, local: {} })
    },
  }
}

function without(settings: Settings, name: string): Settings {
  const { [name]: _, ...rest } = settings
  return rest
}
