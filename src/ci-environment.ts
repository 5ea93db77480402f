import { addressOf } from './address.ts'

/** The CI job that this process is a step of, by the variables that GitHub Actions and GitLab CI set. */
export type CiEnvironment = GithubCiEnvironment | GitlabCiEnvironment

export interface GithubCiEnvironment {
  ci: 'github'
  /** `GITHUB_EVENT_NAME`: `pull_request`, `push`, `merge_group`, `workflow_run`, … */
  event: string
  /** `GITHUB_EVENT_PATH`: a file with the event as JSON. */
  eventPath: string
  /** Root of the API: `GITHUB_API_URL`. */
  apiUrl: string
  /** `GITHUB_TOKEN`, which a workflow has to hand to its steps. A secret. */
  token: string | undefined
  /** Files that the step's outputs and its summary are added to: `GITHUB_OUTPUT`, `GITHUB_STEP_SUMMARY`. */
  outputPath: string | undefined
  summaryPath: string | undefined
}

/** https://docs.gitlab.com/ci/variables/predefined_variables/ */
export interface GitlabCiEnvironment {
  ci: 'gitlab'
  /** Root of the instance: `CI_SERVER_URL`. */
  url: string
  /** `PGWITNESS_GITLAB_TOKEN`. A secret, as the next. */
  token: string | undefined
  /** `CI_JOB_TOKEN`: reads a merge request, and may write nothing to it. */
  jobToken: string | undefined
  /** `CI_PROJECT_ID` and `CI_PROJECT_PATH`: where the pipeline runs, for a merge request of a fork mostly the fork. */
  projectId: number
  projectPath: string
  mergeRequest: GitlabMergeRequestEnvironment | undefined
  /** `CI_COMMIT_BEFORE_SHA`: what the branch was at before a push; zeros when there was nothing. */
  beforeSha: string | undefined
}

interface GitlabMergeRequestEnvironment {
  iid: number
  /** `CI_MERGE_REQUEST_PROJECT_ID` and `…_PATH`: of the target. */
  projectId: number
  projectPath: string
  sourceProjectId: number | undefined
  /** `CI_MERGE_REQUEST_SOURCE_BRANCH_SHA`, which only pipelines for merged results and merge trains have, else `CI_COMMIT_SHA`. */
  headSha: string
  /** `CI_MERGE_REQUEST_DIFF_BASE_SHA`: the merge base. */
  baseSha: string | undefined
  /** `CI_MERGE_REQUEST_TARGET_BRANCH_SHA`, for merged results and merge trains. */
  targetSha: string | undefined
}

/** Undefined outside of CI, and in a CI that is not known. */
export function ciEnvironmentOf(env: NodeJS.ProcessEnv): CiEnvironment | undefined {
  if (env.GITHUB_ACTIONS === 'true' && env.GITHUB_EVENT_PATH)
    return {
      ci: 'github',
      event: env.GITHUB_EVENT_NAME ?? '',
      eventPath: env.GITHUB_EVENT_PATH,
      apiUrl: addressOf(env.GITHUB_API_URL, 'GITHUB_API_URL') ?? 'https://api.github.com',
      token: env.GITHUB_TOKEN || undefined,
      outputPath: env.GITHUB_OUTPUT || undefined,
      summaryPath: env.GITHUB_STEP_SUMMARY || undefined,
    }
  if (env.GITLAB_CI !== 'true') return undefined
  return {
    ci: 'gitlab',
    url: addressOf(env.PGWITNESS_GITLAB_URL || env.CI_SERVER_URL, 'CI_SERVER_URL') ?? 'https://gitlab.com',
    token: env.PGWITNESS_GITLAB_TOKEN || undefined,
    jobToken: env.CI_JOB_TOKEN || undefined,
    projectId: Number(env.CI_PROJECT_ID),
    projectPath: env.CI_PROJECT_PATH ?? '',
    mergeRequest: gitlabMergeRequestOf(env),
    beforeSha: env.CI_COMMIT_BEFORE_SHA || undefined,
  }
}

function gitlabMergeRequestOf(env: NodeJS.ProcessEnv): GitlabMergeRequestEnvironment | undefined {
  if (!env.CI_MERGE_REQUEST_IID) return undefined
  return {
    iid: Number(env.CI_MERGE_REQUEST_IID),
    projectId: Number(env.CI_MERGE_REQUEST_PROJECT_ID ?? env.CI_PROJECT_ID),
    projectPath: env.CI_MERGE_REQUEST_PROJECT_PATH ?? env.CI_PROJECT_PATH ?? '',
    sourceProjectId: env.CI_MERGE_REQUEST_SOURCE_PROJECT_ID ? Number(env.CI_MERGE_REQUEST_SOURCE_PROJECT_ID) : undefined,
    headSha: env.CI_MERGE_REQUEST_SOURCE_BRANCH_SHA || env.CI_COMMIT_SHA || '',
    baseSha: env.CI_MERGE_REQUEST_DIFF_BASE_SHA || undefined,
    targetSha: env.CI_MERGE_REQUEST_TARGET_BRANCH_SHA || undefined,
  }
}
