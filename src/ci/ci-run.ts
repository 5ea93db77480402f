import type { MergeRequestRef } from '../forges/forge.ts'

/** What a CI job was started for. */
export interface CiRun {
  ci: 'github' | 'gitlab'
  request: ProposedChange | undefined
  /** Commits the change may stand on, as the CI names them. */
  base: BaseHint
  /** A run that another run started: what it is about. */
  earlier: EarlierRun | undefined
}

export interface ProposedChange {
  ref: MergeRequestRef
  headSha: string
  isFork: boolean
}

export interface BaseHint {
  /** The change is counted from this very commit: a merge base, or what a branch was at before. */
  exact?: string | undefined
  /** The change is counted from where it left this commit. */
  branch?: string | undefined
}

/** As the forge tells it, not the run itself. */
export interface EarlierRun {
  ref: Omit<MergeRequestRef, 'number'>
  headSha: string
  sourceRepositoryId: number | undefined
  sourceBranch: string
}

/** Undefined for the zeros that stand for no commit. */
export function commitOf(sha: string | undefined): string | undefined {
  return sha === undefined || /^0*$/.test(sha) ? undefined : sha
}
