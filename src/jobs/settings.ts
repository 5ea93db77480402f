import type { Forge, GitAccess, MergeRequest, MergeRequestRef, OpenMergeRequest } from '../forges/forge.ts'
import type { Review } from '../review/review.ts'
import type { Store } from '../store/store.ts'

/** What jobs are done with. */
export interface JobSettings {
  forgeFor(ref: MergeRequestRef): Forge
  open(request: MergeRequest, access: GitAccess | undefined, forge: Forge, signal: AbortSignal): Promise<OpenMergeRequest>
  review: ReviewOpened
  store: Store
  /** Comments on lines of a change. */
  inlineComments: number
  /** Seconds of clones for one installation or project within 24 hours. */
  budgetSeconds: number
  /** `@pgwitness`, for texts that say how to ask. */
  mention: string
  log(fields: Record<string, unknown>, message: string): void
}

/** Reviews what was opened, as the repository and the operator want it. */
type ReviewOpened = (open: OpenMergeRequest, how: ReviewHow, signal: AbortSignal) => Promise<{ review: Review; failOn: string }>

export interface ReviewHow {
  /** May it run where production's data is? */
  isTrusted: boolean
  /** Nothing is run: the budget is spent. */
  isStatic: boolean
}

/** Whose budget a review or an answer is. */
export function ownerOf({ forge, installation, repositoryId }: MergeRequestRef): string {
  return installation === undefined ? `${forge}:${repositoryId}` : `${forge}:installation:${installation}`
}
