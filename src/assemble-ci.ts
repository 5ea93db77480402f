/** Reviews as a step of a CI pipeline: what the step is run for, and the forge as far as its token goes. */

import type { BaseHint, CiRun, ProposedChange } from './ci/ci-run.ts'
import { readGithubRun } from './ci/github-run.ts'
import { readGitlabRun } from './ci/gitlab-run.ts'
import type { CiEnvironment, GitlabCiEnvironment } from './config.ts'
import { UserError } from './errors.ts'
import type { EarlierReport, Forge } from './forges/forge.ts'

/** What jobs of ci-templates call their report. */
const REPORT_FILE = 'pgwitness.json'

export async function readCiRun(environment: CiEnvironment): Promise<CiRun> {
  return environment.ci === 'github' ? await readGithubRun(environment) : readGitlabRun(environment)
}

/** The forge with the token there is; a sentence why there is none that may write. */
export async function ciForge(environment: CiEnvironment): Promise<Forge | string> {
  if (environment.ci === 'github') {
    const { token, apiUrl } = environment
    if (token === undefined) return 'the step has no GITHUB_TOKEN'
    return (await import('./forges/github.ts')).githubForge({ token, baseUrl: apiUrl })
  }
  const { token, url, jobToken } = environment
  if (token !== undefined) return (await import('./forges/gitlab.ts')).gitlabForge({ url, token })
  const why = 'PGWITNESS_GITLAB_TOKEN is not set in this pipeline'
  return jobToken === undefined ? why : `${why}, and CI_JOB_TOKEN may not write comments`
}

/** What is checked out, and the commit it is compared with. */
export interface CiCheckout {
  root: string
  head: string
  /** Undefined where the default branch tells it, as it does without CI. */
  mergeBase: string | undefined
  /** The head of the merge request is checked out merged into its target. */
  isMerged: boolean
}

/** A UserError says what the checkout lacks. */
export async function openCiCheckout({ ci, request, base }: CiRun, cwd: string, signal: AbortSignal): Promise<CiCheckout> {
  const { fetchCommit, readCheckedOut } = await import('./forges/local.ts')
  const checkedOut = await readCheckedOut(cwd, signal)
  const { root, head, parents } = checkedOut
  const [target, merged] = parents
  if (request && parents.length === 2 && target !== undefined && merged === request.headSha) {
    if (!(await fetchCommit(root, target, signal))) throw new UserError(tooShallow(ci, 2))
    return { root, head, mergeBase: target, isMerged: true }
  }
  if (request && ci === 'github' && head !== request.headSha) throw new UserError(otherCommit(head, request))
  const mergeBase = await baseOf(base)
  if (request && mergeBase === undefined) throw new UserError(tooShallow(ci, 0))
  return { root, head, mergeBase, isMerged: head !== request?.headSha }

  async function baseOf({ exact, branch }: BaseHint): Promise<string | undefined> {
    if (exact !== undefined && (await fetchCommit(root, exact, signal))) return exact
    if (branch === undefined) return undefined
    return await (await import('./forges/local.ts')).fetchMergeBase(checkedOut, branch, signal)
  }
}

function tooShallow(ci: CiRun['ci'], depth: number): string {
  const how = {
    github: `set \`fetch-depth: ${depth}\` for actions/checkout, or leave out \`persist-credentials: false\``,
    gitlab: `set the variable \`GIT_DEPTH: ${depth}\` for this job`,
  }[ci]
  return `The commit this change stands on is not in this clone and could not be fetched: ${how}.`
}

function otherCommit(head: string, { ref, headSha }: ProposedChange): string {
  return (
    `What is checked out (${head.slice(0, 10)}) is neither the head of #${ref.number} (${headSha.slice(0, 10)}) nor its merge. ` +
    'Run on `pull_request` and let actions/checkout choose the ref. On `pull_request_target` the target branch is checked out: for forks see the two-stage workflows in ci-templates.'
  )
}

/** Files that differ between the head of a merge request and what is checked out; undefined when that cannot be told. */
export async function filesMoved(
  root: string,
  head: string,
  checkedOut: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  return await (await import('./forges/local.ts')).movedFiles(root, head, checkedOut, signal)
}

/** The report that a job of the newest pipeline of a merge request left, on GitLab. */
export async function fetchReport(
  environment: GitlabCiEnvironment,
  number: number,
  jobName: string,
  signal: AbortSignal,
): Promise<EarlierReport> {
  const { url, token, projectId, projectPath } = environment
  if (token === undefined) throw new UserError('PGWITNESS_GITLAB_TOKEN is not set: posting takes a token with the scope api.')
  const ref = { forge: 'gitlab' as const, repository: projectPath, repositoryId: projectId, number }
  const { gitlabPipelineReport } = await import('./forges/gitlab.ts')
  return await gitlabPipelineReport({ url, token }, ref, { jobName, path: REPORT_FILE }, signal)
}
