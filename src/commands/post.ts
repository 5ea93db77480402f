import { readFile, stat } from 'node:fs/promises'
import { ciForge, fetchReport, readCiRun } from '../assemble-ci.ts'
import type { EarlierRun } from '../ci/ci-run.ts'
import { comment } from '../ci/comment.ts'
import { type CiEnvironment, CONFIG_FILE, DEFAULTS, readCiEnvironment } from '../config.ts'
import { ServiceError, UserError } from '../errors.ts'
import type { EarlierReport, Forge, MergeRequest } from '../forges/forge.ts'
import { oneLine } from '../reports/printable.ts'
import { readReport } from '../reports/read-report.ts'
import { abortOnSignals } from './abort.ts'

export interface PostOptions {
  number?: number
  job: string
  inlineComments: number
}

const MAX_FILE_BYTES = 20 * 1024 * 1024

/**
 * `pgwitness post [review.json]`: the trusted half for changes of forks. Which commit the report is about is told by the forge; which merge request, by whoever
 * made the report, so that counts only where the forge says the same: head commit, source repository and branch.
 */
export async function runPost(file: string | undefined, { number, job, inlineComments }: PostOptions): Promise<void> {
  const environment = readCiEnvironment()
  if (!environment) throw new UserError('This is neither GitHub Actions nor GitLab CI, so there is no telling what the report is about.')
  const signal = abortOnSignals()
  if (number === undefined) throw new UserError('Name the pull or merge request: --number 7.')
  const { ref, report, earlier } = await earlierReport(environment, file, number, job, signal)
  const review = readReport(report.text)
  const forge = await ciForge(environment)
  if (typeof forge === 'string') throw new UserError(`Nothing can be posted: ${forge}.`)
  const request = await forge.fetchMergeRequest(ref, signal)
  if (earlier) checkSource(request, earlier)
  if (request.headSha !== report.headSha) {
    console.log(`pgwitness: not posted: #${number} has another commit by now than the report`)
    return
  }
  const failOn = await readFailOn(forge, request, signal)
  const commented = await comment(forge, async () => request, review, { failOn, inlineComments, mention: undefined }, signal)
  if (commented.state === 'failed') throw new ServiceError('posting', commented.reason)
  console.log(oneLine(`pgwitness: ${commented.state}`))
}

async function earlierReport(environment: CiEnvironment, file: string | undefined, number: number, job: string, signal: AbortSignal) {
  if (environment.ci === 'gitlab') {
    if (file !== undefined)
      throw new UserError('On GitLab the report is fetched from the pipeline of the merge request: a file does not tell where it is from.')
    const { projectId, projectPath } = environment
    const report = await fetchReport(environment, number, job, signal)
    return { ref: { forge: 'gitlab' as const, repository: projectPath, repositoryId: projectId, number }, report, earlier: undefined }
  }
  const { earlier } = await readCiRun(environment)
  if (!earlier) throw new UserError('Reports are posted by a workflow on `workflow_run` after one on `pull_request`: see ci-templates.')
  if (file === undefined) throw new UserError('Name the report: pgwitness post review.json --number 7.')
  const report: EarlierReport = { text: await readReportFile(file), headSha: earlier.headSha }
  return { ref: { ...earlier.ref, number }, report, earlier }
}

async function readReportFile(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > MAX_FILE_BYTES) throw new UserError(`${file} is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB.`)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

/** Somebody else's merge request may have the same commit. */
function checkSource({ number, source }: MergeRequest, { sourceRepositoryId, sourceBranch }: EarlierRun): void {
  if (sourceRepositoryId !== undefined && source.repositoryId === sourceRepositoryId && source.branch === sourceBranch) return
  throw new UserError(`The report is not about #${number}: that comes from another repository or branch than the run that made the report.`)
}

/** As the target branch has it: a report says nothing about what it should be judged by. */
async function readFailOn(forge: Forge, request: MergeRequest, signal: AbortSignal): Promise<string> {
  const text = await forge.treeByApi(request, request.target.sha, signal).read(CONFIG_FILE)
  return text === undefined ? DEFAULTS.failOn : (await import('../config-file.ts')).parseConfig(text, CONFIG_FILE).failOn
}
