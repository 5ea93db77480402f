import type { Actor } from '../actors.ts'
import type { AppFacts } from '../shapes/account.ts'
import type { Account, State } from '../state.ts'
import { FieldFailure } from './execute.ts'

/** Who asks, and of what. */
export interface Asked {
  state: State
  actor: Actor | undefined
  url: string
  app: AppFacts
  violations: string[]
  isShuffled: boolean
}

export function viewerOf({ actor }: Asked): Account {
  if (!actor || actor.kind === 'app') throw new FieldFailure('FORBIDDEN', 'Resource not accessible by integration')
  return actor.account
}

/** GitHub's manual does not say so, but an app needs the right to write contents before it may resolve a thread (github/gh-aw, issue 35726). */
export function mayResolve(asked: Asked): boolean {
  return mayWrite(asked, ['pull_requests', 'contents'])
}

function mayWrite({ actor }: Asked, names: string[]): boolean {
  return actor?.kind !== 'installation' || names.every((name) => actor.permissions[name] === 'write')
}

export function demandWrite(asked: Asked, names: string[]): void {
  if (!mayWrite(asked, names)) throw new FieldFailure('FORBIDDEN', 'Resource not accessible by integration')
}
