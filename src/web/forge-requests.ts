import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ForgeName } from '../forges/forge.ts'

/**
 * Counts requests to forges, whoever of their clients makes them, where Node's own fetch tells of them. `addresses` are the roots of their APIs. Status 0 when
 * there was no answer. Gives what ends it.
 */
export function watchForgeRequests(
  addresses: ReadonlyArray<readonly [ForgeName, string]>,
  count: (forge: ForgeName, status: number) => void,
): () => void {
  const forges = new Map(addresses.map(([forge, address]) => [new URL(address).origin, forge]))
  const answered = new WeakSet<object>()
  const tell = (message: unknown, status: number): void => {
    const { request } = message as { request: { origin?: unknown } }
    const forge = forges.get(String(request.origin))
    // An answer that breaks off comes here twice.
    if (!forge || answered.has(request)) return
    answered.add(request)
    count(forge, status)
  }
  const onHeaders = (message: unknown): void => tell(message, (message as { response: { statusCode: number } }).response.statusCode)
  const onError = (message: unknown): void => tell(message, 0)
  subscribe('undici:request:headers', onHeaders)
  subscribe('undici:request:error', onError)
  return () => {
    unsubscribe('undici:request:headers', onHeaders)
    unsubscribe('undici:request:error', onError)
  }
}
