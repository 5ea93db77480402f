const controller = new AbortController()

/** A signal that Ctrl-C and SIGTERM abort; the second time they end the process at once, as usual. */
export function abortOnSignals(): AbortSignal {
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort())
  return controller.signal
}

/** Whatever was thrown since is only a consequence. */
export function wasStopped(): boolean {
  return controller.signal.aborted
}
