import { basename } from 'node:path'
import { openChange } from '../assemble.ts'
import { ciForge, filesMoved, openCiCheckout, readCiRun } from '../assemble-ci.ts'
import { openQuotes } from '../assemble-quotes.ts'
import { noteOfConfig, reviewChange } from '../assemble-review.ts'
import type { CiRun } from '../ci/ci-run.ts'
import { type Commented, comment, withinPipeline } from '../ci/comment.ts'
import { writeOutputs, writeStepSummary } from '../ci/github-files.ts'
import { checkReportFiles, isOfChange } from '../ci/report-files.ts'
import { type CiEnvironment, type Config, readCiEnvironment, readEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import { type FormatRequest, parseFormats } from '../reports/format.ts'
import { oneLine } from '../reports/printable.ts'
import type { Review } from '../review/review.ts'
import { version } from '../version.ts'
import { abortOnSignals } from './abort.ts'
import { type ReviewOptions, readConfig, readSchema, readStatistics } from './options.ts'
import { exitCodeOf, writeReports } from './output.ts'

export interface CiOptions extends ReviewOptions {
  base?: string
  comment: boolean
  inlineComments: number
}

/** `pgwitness ci`: what `review` does, for the change that this pipeline is run for, and says so where it is reviewed. */
export async function runCi(options: CiOptions): Promise<void> {
  const environment = readCiEnvironment()
  if (!environment) throw new UserError('This is neither GitHub Actions nor GitLab CI. Elsewhere: pgwitness review --base REF.')
  const requests = parseFormats(options.format)
  await checkReportFiles(
    requests.flatMap(({ file }) => file ?? []),
    process.cwd(),
  )
  const signal = abortOnSignals()
  const run = await readCiRun(environment)
  const { review, failOn, moved } = await reviewHere(run, options, signal)
  await write(environment, review, requests)
  const commented = options.comment ? await commentOn(run, environment, review, { ...options, failOn, moved }, signal) : undefined
  if (commented) console.log(oneLine(inWords(commented, run)))
  process.exitCode = exitCodeOf(review, failOn)
  if (environment.ci === 'github')
    await writeOutputs(environment.outputPath, outputsOf(review, requests, process.exitCode === 1, commented))
}

interface Reviewed {
  review: Review
  failOn: Config['failOn']
  /** Files whose lines are not those of the head. */
  moved: ReadonlySet<string>
}

async function reviewHere(run: CiRun, options: CiOptions, signal: AbortSignal): Promise<Reviewed> {
  const cwd = process.cwd()
  const checkout = options.base === undefined ? await openCiCheckout(run, cwd, signal) : undefined
  const open = await openChange({ paths: [], base: options.base, mergeBase: checkout?.mergeBase }, signal)
  const trusted = open.baseTree ?? open.headTree
  const config = await readConfig(options, trusted)
  const { cacheDir } = readEnvironment()
  const isSpoilt = isOfChange(await open.headTree.list(), open.change.root, cacheDir)
  await using quotes = options.knowledge === undefined ? undefined : openQuotes(options.knowledge)
  const settings = {
    quotes,
    config,
    schema: await readSchema(options, config, trusted),
    statistics: config.clone === 'none' ? undefined : await readStatistics(options, config, trusted),
    isCached: options.cache && !isSpoilt,
    named: false,
    useBaseline: options.baseline,
    progress() {},
  }
  const review = await reviewChange(open, settings, signal)
  const notes = options.config === undefined ? await noteOfConfig(open.baseTree, open.headTree) : []
  if (isSpoilt) notes.push(`${basename(cacheDir)} is part of the repository, so no cache was used.`)
  const all = new Set(open.change.files.map(({ path }) => path))
  return {
    review: { ...review, notes: [...notes, ...review.notes] },
    failOn: config.failOn,
    moved:
      run.request && checkout?.isMerged
        ? ((await filesMoved(checkout.root, run.request.headSha, checkout.head, signal)) ?? all)
        : new Set(),
  }
}

/** On GitHub annotations in the log and the summary of the step, on GitLab the text; and the files asked for. */
async function write(environment: CiEnvironment, review: Review, requests: readonly FormatRequest[]): Promise<void> {
  const isGithub = environment.ci === 'github'
  const files = requests.filter(({ file }) => file !== undefined)
  // Annotations are workflow commands, which only the log carries.
  const wanted = isGithub ? undefined : requests.find(({ file }) => file === undefined)
  const shown = wanted ?? { format: isGithub ? ('github' as const) : ('text' as const) }
  await writeReports(review, [...files, shown], { version, problemsOnly: isGithub })
  if (isGithub) await writeStepSummary(environment.summaryPath, (await import('../reports/markdown.ts')).renderMarkdown(review))
}

async function commentOn(
  run: CiRun,
  environment: CiEnvironment,
  review: Review,
  { failOn, inlineComments, moved }: { failOn: string; inlineComments: number; moved: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<Commented> {
  const { request } = run
  if (!request) return { state: 'failed', reason: 'this pipeline is not that of a merge request' }
  const forge = await ciForge(environment)
  if (typeof forge === 'string') return { state: 'failed', reason: forge }
  const fetchRequest = async () => {
    const now = await forge.fetchMergeRequest(request.ref, signal)
    return now.headSha === request.headSha ? now : undefined
  }
  return await comment(withinPipeline(forge, moved), fetchRequest, review, { failOn, inlineComments, mention: undefined }, signal)
}

const SAID = {
  published: 'commented',
  quiet: 'no comment: nothing was found, and nothing was said before',
  superseded: 'no comment: there is a newer commit, whose pipeline comments',
  closed: 'no comment: it is not open any more',
}

function inWords(commented: Commented, { request }: CiRun): string {
  if (commented.state !== 'failed') return `pgwitness: ${SAID[commented.state]}`
  const fork = request?.isFork ? ' Changes from forks have no rights here; the two-stage pattern in ci-templates comments on them.' : ''
  return `pgwitness: no comment, only what stands here: ${commented.reason}.${fork}`.replace('..', '.')
}

function outputsOf(
  { findings }: Review,
  requests: readonly FormatRequest[],
  hasFailed: boolean,
  commented: Commented | undefined,
): Record<string, string | number> {
  const shown = findings.filter(({ verdict, suppressed }) => verdict === 'refuted' || !suppressed)
  const number = (wanted: string) => shown.filter(({ verdict }) => verdict === wanted).length
  const file = (format: string) => requests.find((request) => request.format === format)?.file ?? ''
  return {
    conclusion: hasFailed ? 'failure' : 'success',
    findings: number('confirmed') + number('suspected'),
    confirmed: number('confirmed'),
    suspected: number('suspected'),
    refuted: number('refuted'),
    suppressed: findings.length - shown.length,
    sarif: file('sarif'),
    json: file('json'),
    comment: commented?.state ?? 'off',
  }
}
