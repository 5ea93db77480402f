import type { Actor } from './actors.ts'
import type { OperationId } from './description.ts'
import { Refusal } from './refusal.ts'

/** What an app needs for an operation, any one of them; by how the name of the operation starts. */
const NEEDED: Array<[prefix: string, ...anyOf: string[]]> = [
  ['checks/', 'checks'],
  ['git/', 'contents'],
  ['issues/', 'issues', 'pull_requests'],
  ['pulls/', 'pull_requests'],
  ['reactions/create-for-issue', 'issues', 'pull_requests'],
  ['reactions/list-for-issue', 'issues', 'pull_requests'],
  ['reactions/', 'pull_requests'],
  ['repos/compare', 'contents'],
  ['repos/create-commit-status', 'statuses'],
  ['repos/get-commit', 'contents'],
  ['repos/get-content', 'contents'],
  ['repos/list-commit-statuses', 'statuses'],
  ['repos/list-pull-requests', 'pull_requests'],
]

/** Throws a Refusal when an installation was not granted what an operation needs. */
export function demandPermission(id: OperationId, actor: Actor | undefined): void {
  const needed = NEEDED.find(([prefix]) => id.startsWith(prefix))?.slice(1) ?? []
  if (actor?.kind !== 'installation' || needed.length === 0) return
  const isWrite = /\/(create|update|delete)/.test(id)
  if (needed.some((name) => actor.permissions[name] === 'write' || (!isWrite && actor.permissions[name] === 'read'))) return
  const accepted = needed.map((name) => `${name}=${isWrite ? 'write' : 'read'}`).join('; ')
  throw new Refusal(403, 'Resource not accessible by integration', undefined, { 'x-accepted-github-permissions': accepted })
}
