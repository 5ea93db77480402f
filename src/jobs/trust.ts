import type { Forge, MergeRequest } from '../forges/forge.ts'
import { changeKey } from '../queue/queue.ts'
import type { Store } from '../store/store.ts'

/** Whoever may write to the repository could read its database's clones anyway; for others a maintainer asks, having looked at this very commit. */
export async function mayUseData(forge: Forge, request: MergeRequest, store: Store, signal: AbortSignal): Promise<boolean> {
  if ((await store.listTrusts(changeKey(request))).some(({ headSha }) => headSha === request.headSha)) return true
  return (await forge.fetchPermission(request, request.author, signal)) === 'write'
}
