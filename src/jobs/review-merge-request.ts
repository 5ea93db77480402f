import type { Forge, MergeRequest, MergeRequestRef } from '../forges/forge.ts'
import { changeKey } from '../queue/queue.ts'
import { renderJson } from '../reports/json.ts'
import type { Review } from '../review/review.ts'
import type { Ignore } from '../store/store.ts'
import { publish } from './publish.ts'
import { type JobSettings, ownerOf } from './settings.ts'
import { mayUseData } from './trust.ts'

const DAY_MS = 24 * 3600_000

/** Why a review was asked for. */
export interface ReviewWish {
  /** A draft is only reviewed when somebody asked. */
  isAsked: boolean
}

/** Reviews a merge request as it stands now, and says so there. */
export async function reviewMergeRequest(
  ref: MergeRequestRef,
  { isAsked }: ReviewWish,
  settings: JobSettings,
  signal: AbortSignal,
): Promise<void> {
  const { store, log } = settings
  const forge = settings.forgeFor(ref)
  const request = await forge.fetchMergeRequest(ref, signal)
  const at = { change: changeKey(ref), headSha: request.headSha }
  if (request.state !== 'open') return log(at, 'not open any more')
  if (request.isDraft && !isAsked) {
    const title = `A draft: reviewed when it is ready, or when asked with ${settings.mention} review`
    await forge.ensureStatus(request, { state: 'neutral', title, summary: title, annotations: [] }, signal)
    return log(at, 'draft')
  }
  await forge.ensureStatus(request, { state: 'running', title: 'Reviewing', summary: 'The review is running.', annotations: [] }, signal)
  const started = performance.now()
  const { review, failOn } = await reviewIt(forge, request, settings, signal)
  const seconds = (performance.now() - started) / 1000
  const ignored = withIgnores(review, await store.listIgnores(changeKey(ref)))
  await store.saveReview({
    change: changeKey(ref),
    forge: forge.name,
    owner: ownerOf(ref),
    headSha: request.headSha,
    finishedAt: new Date(),
    seconds,
    report: JSON.parse(renderJson(ignored)),
  })
  const { inlineComments, mention } = settings
  const published = await publish(forge, request, ignored, { inlineComments, failOn, mention }, signal)
  log({ ...at, published, findings: ignored.findings.length, seconds: Math.round(seconds) }, 'reviewed')
}

async function reviewIt(
  forge: Forge,
  request: MergeRequest,
  { open, review, store, budgetSeconds }: JobSettings,
  signal: AbortSignal,
): Promise<{ review: Review; failOn: string }> {
  const isStatic = (await store.secondsSpent(ownerOf(request), new Date(Date.now() - DAY_MS))) >= budgetSeconds
  const isTrusted = await mayUseData(forge, request, store, signal)
  await using opened = await open(request, await forge.fetchGitAccess(request, signal), forge, signal)
  return await review(opened, { isTrusted, isStatic }, signal)
}

function withIgnores(review: Review, ignores: readonly Ignore[]): Review {
  const byFingerprint = new Map(ignores.map((ignore) => [ignore.fingerprint, ignore]))
  return {
    ...review,
    findings: review.findings.map((finding) => {
      const ignore = byFingerprint.get(finding.fingerprint)
      return ignore && !finding.suppressed ? { ...finding, suppressed: { by: `@${ignore.by}`, reason: ignore.reason } } : finding
    }),
  }
}
