import type { GitlabCiEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import { type CiRun, commitOf } from './ci-run.ts'

/** What a job of GitLab CI is run for. */
export function readGitlabRun({ mergeRequest, beforeSha }: GitlabCiEnvironment): CiRun {
  if (!mergeRequest) return { ci: 'gitlab', request: undefined, base: { exact: commitOf(beforeSha) }, earlier: undefined }
  const { iid, projectId, projectPath, sourceProjectId, headSha, baseSha, targetSha } = mergeRequest
  for (const number of [iid, projectId])
    if (!Number.isSafeInteger(number) || number < 1)
      throw new UserError('CI_MERGE_REQUEST_IID or CI_MERGE_REQUEST_PROJECT_ID is no number: they are GitLab’s own, do not set them.')
  return {
    ci: 'gitlab',
    request: {
      ref: { forge: 'gitlab', repository: projectPath, repositoryId: projectId, number: iid },
      headSha,
      isFork: sourceProjectId !== undefined && sourceProjectId !== projectId,
    },
    // The commit of a pipeline for merged results stands on the target branch as it is now.
    base: { exact: targetSha ?? baseSha },
    earlier: undefined,
  }
}
