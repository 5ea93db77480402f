import type { Forge, MergeRequest, MergeRequestRef, Status } from '../forges/forge.ts'
import { type AbortReason, changeKey } from '../queue/queue.ts'
import { renderJson } from '../reports/json.ts'
import type { Review } from '../review/review.ts'
import type { Ignore } from '../store/store.ts'
import { type Published, publish } from './publish.ts'
import { type JobSettings, ownerOf } from './settings.ts'
import { isSpent } from './spending.ts'
import { mayUseData } from './trust.ts'

/** Why a review was asked for. */
export interface ReviewWish {
  /** A draft is only reviewed when somebody asked. */
  isAsked: boolean
  /** It was begun before, and may have left a status that says it runs. */
  isBegun: boolean
}

/** Reviews a merge request as it stands now, and says so there. */
export async function reviewMergeRequest(
  ref: MergeRequestRef,
  { isAsked, isBegun }: ReviewWish,
  settings: JobSettings,
  signal: AbortSignal,
): Promise<void> {
  const { log } = settings
  const forge = settings.forgeFor(ref)
  const request = await forge.fetchMergeRequest(ref, signal)
  const at = { change: changeKey(ref), headSha: request.headSha }
  if (request.state !== 'open') {
    if (isBegun) await forge.ensureStatus(request, CLOSED, signal)
    return log(at, 'not open any more')
  }
  if (request.isDraft && !isAsked) {
    const title = `A draft: reviewed when it is ready, or when asked with ${settings.mention} review`
    await forge.ensureStatus(request, { state: 'neutral', title, summary: title, annotations: [] }, signal)
    return log(at, 'draft')
  }
  try {
    await forge.ensureStatus(request, { state: 'running', title: 'Reviewing', summary: 'The review is running.', annotations: [] }, signal)
    const { published, ...told } = await reviewAndPublish(forge, request, settings, signal)
    if (published === 'superseded') await forge.ensureStatus(request, ended('cancelled', 'A newer commit is reviewed instead'), signal)
    if (published === 'closed') await forge.ensureStatus(request, CLOSED, signal)
    log({ ...at, published, ...told }, 'reviewed')
  } catch (error) {
    await endStatus(forge, request, settings, signal)
    throw error
  }
}

const CLOSED = ended('cancelled', 'It was closed before its review ended')
const LAST_WORD_MS = 20_000

/** A review that was cut off for good leaves no status that runs for ever. */
async function endStatus(forge: Forge, request: MergeRequest, { log }: JobSettings, { reason }: AbortSignal): Promise<void> {
  const why: AbortReason | undefined = reason
  if (why !== 'cancelled' && why !== 'too long') return
  const status = why === 'cancelled' ? CLOSED : ended('neutral', 'Not reviewed: it took too long')
  await forge
    .ensureStatus(request, status, AbortSignal.timeout(LAST_WORD_MS))
    .catch(() => log({ change: changeKey(request), headSha: request.headSha }, 'the status could not be ended'))
}

function ended(state: 'cancelled' | 'neutral', title: string): Status {
  return { state, title, summary: title, annotations: [] }
}

async function reviewAndPublish(
  forge: Forge,
  request: MergeRequest,
  settings: JobSettings,
  signal: AbortSignal,
): Promise<{ published: Published; findings: number; seconds: number }> {
  const { store, inlineComments, mention } = settings
  const change = changeKey(request)
  const started = performance.now()
  const { review, failOn } = await reviewIt(forge, request, settings, signal)
  const seconds = (performance.now() - started) / 1000
  const ignored = withIgnores(review, await store.listIgnores(change))
  await store.saveReview({
    change,
    forge: forge.name,
    owner: ownerOf(request),
    headSha: request.headSha,
    finishedAt: new Date(),
    seconds,
    report: JSON.parse(renderJson(ignored)),
  })
  const published = await publish(forge, request, ignored, { inlineComments, failOn, mention }, signal)
  return { published, findings: ignored.findings.length, seconds: Math.round(seconds) }
}

async function reviewIt(
  forge: Forge,
  request: MergeRequest,
  { open, review, store, budgetSeconds }: JobSettings,
  signal: AbortSignal,
): Promise<{ review: Review; failOn: string }> {
  const isStatic = await isSpent(request, store, budgetSeconds)
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
