/** What we read of GitLab's answers; they have much more. */
import { z } from 'zod'

const sha = z.string().regex(/^[0-9a-f]{40,64}$/)
const user = z.object({ id: z.number(), username: z.string(), bot: z.boolean().nullish() })

export const currentUser = user
export const currentJob = z.object({ user })

const diffRefs = z.object({ base_sha: sha, head_sha: sha, start_sha: sha })
export type DiffRefs = z.infer<typeof diffRefs>

export const mergeRequest = z.object({
  iid: z.number(),
  project_id: z.number(),
  title: z.string(),
  web_url: z.string(),
  state: z.enum(['opened', 'closed', 'merged', 'locked']),
  draft: z.boolean().nullish(),
  work_in_progress: z.boolean().nullish(),
  author: user,
  source_branch: z.string(),
  target_branch: z.string(),
  source_project_id: z.number().nullish(),
  references: z.object({ full: z.string() }).nullish(),
  /** Missing until GitLab has prepared a new merge request. */
  diff_refs: diffRefs.nullish().catch(undefined),
  head_pipeline: z.object({ id: z.number(), sha, ref: z.string(), project_id: z.number().nullish() }).nullish(),
})
export type MergeRequestReply = z.infer<typeof mergeRequest>

export const fileDiff = z.object({
  old_path: z.string(),
  new_path: z.string(),
  new_file: z.boolean(),
  renamed_file: z.boolean(),
  deleted_file: z.boolean(),
  collapsed: z.boolean().nullish(),
  too_large: z.boolean().nullish(),
  diff: z.string().nullish(),
})

export const note = z.object({
  id: z.number(),
  body: z.string(),
  author: user.nullish(),
  system: z.boolean().nullish(),
  position: z.object({ head_sha: z.string().nullish(), new_line: z.number().nullish() }).nullish(),
  resolvable: z.boolean().nullish(),
  resolved: z.boolean().nullish(),
  resolved_by: z.object({ id: z.number() }).nullish(),
})
export type Note = z.infer<typeof note>

export const discussion = z.object({ id: z.string(), individual_note: z.boolean().nullish(), notes: z.array(note) })
export type Discussion = z.infer<typeof discussion>

export const commitStatus = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  description: z.string().nullish(),
  ref: z.string().nullish(),
  pipeline_id: z.number().nullish(),
  author: z.object({ id: z.number() }).nullish(),
})

export const member = z.object({
  access_level: z.number(),
  state: z.string().nullish(),
  membership_state: z.string().nullish(),
  expires_at: z.string().nullish(),
})

export const project = z.object({ visibility: z.enum(['public', 'internal', 'private']).nullish() })
export const userState = z.object({ state: z.string().nullish() })

export const treeEntry = z.object({ path: z.string(), type: z.string(), mode: z.string() })
