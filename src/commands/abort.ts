/** A signal that Ctrl-C and SIGTERM abort; the second time they end the process at once, as usual. */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort())
  return controller.signal
}
