import { z } from 'zod'
import { ServiceError, UserError } from '../../errors.ts'
import type { EarlierReport, MergeRequestRef } from '../forge.ts'
import { type Connection, listAll } from './connection.ts'
import { showMergeRequest } from './merge-request.ts'

const job = z.object({ id: z.number(), name: z.string() })

/** A file that a job of the newest pipeline of a merge request left as an artifact; of a fork the pipeline is mostly the fork's. */
export async function fetchPipelineReport(
  gitlab: Connection,
  ref: MergeRequestRef,
  { jobName, path }: { jobName: string; path: string },
): Promise<EarlierReport> {
  const { head_pipeline: pipeline, project_id: target, source_project_id: source } = await showMergeRequest(gitlab, ref)
  if (!pipeline) throw new UserError(`!${ref.number} has had no pipeline, so there is no report to post.`)
  const project = pipeline.project_id ?? target
  // Whoever could name another project's pipeline could have that project's report posted.
  if (project !== target && project !== source)
    throw new UserError(`The pipeline of !${ref.number} is neither of its source nor of its target.`)
  const jobs = await listAll(gitlab, `projects/${project}/pipelines/${pipeline.id}/jobs`, job)
  const found = jobs.find(({ name }) => name === jobName)
  if (!found) throw new UserError(`The pipeline of !${ref.number} has no job \`${jobName}\`: name the one that made the report with --job.`)
  const { body } = await gitlab.requester.get(`projects/${project}/jobs/${found.id}/artifacts/${encodeURIComponent(path)}`, {
    asStream: true,
  })
  if (!Buffer.isBuffer(body)) throw new ServiceError('GitLab', 'answered without a file')
  return { text: (body as Buffer).toString(), headSha: pipeline.sha }
}
