/** What we read of GitLab's webhooks. https://docs.gitlab.com/user/project/integrations/webhook_events/ */
import { z } from 'zod'

const id = z.int().positive()
const project = z.object({ id, path_with_namespace: z.string().min(1).max(1000) })
const user = z.object({ id: id.nullish(), username: z.string() })
const isDraft = { draft: z.boolean().nullish(), work_in_progress: z.boolean().nullish() }

export const mergeRequestHook = z.object({
  /** No project_id here, other than in most. */
  project,
  object_attributes: z.object({
    iid: id,
    action: z.string().nullish(),
    /** Only there when the code changed. */
    oldrev: z.string().nullish(),
    last_commit: z.object({ id: z.string().regex(/^[0-9a-f]{40,64}$/) }).nullish(),
    ...isDraft,
  }),
  changes: z
    .object({
      draft: z.object({ previous: z.boolean().nullish(), current: z.boolean().nullish() }).nullish(),
      target_branch: z.object({ current: z.string().nullish() }).nullish(),
    })
    .nullish(),
})
export type MergeRequestHook = z.infer<typeof mergeRequestHook>

export const noteHook = z.object({
  event_type: z.string().nullish(),
  user,
  project,
  object_attributes: z.object({
    id,
    note: z.string(),
    noteable_type: z.string(),
    author_id: id,
    type: z.string().nullish(),
    action: z.string().nullish(),
    discussion_id: z
      .string()
      .regex(/^[0-9a-f]{8,64}$/)
      .nullish(),
    system: z.boolean().nullish(),
    internal: z.boolean().nullish(),
  }),
  merge_request: z.object({ iid: id }).nullish(),
})
export type NoteHook = z.infer<typeof noteHook>
