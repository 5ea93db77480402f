import { type Instance, latestVersion, type MergeRequest, type Note, type Project, type User } from './instance.ts'
import { requestUrl } from './present.ts'
import type { RequestEvent } from './webhooks.ts'

export function hookUser({ id, name, username }: User) {
  return { id, name, username, avatar_url: null, email: '[REDACTED]' }
}

function hookProject({ url }: Instance, project: Project) {
  const name = project.path.split('/').at(-1)
  const web = `${url}/${project.path}`
  return {
    id: project.id,
    name,
    description: null,
    web_url: web,
    avatar_url: null,
    git_ssh_url: `git@gitlab.example.com:${project.path}.git`,
    git_http_url: `${web}.git`,
    namespace: project.path.split('/').slice(0, -1).join(' / '),
    visibility_level: project.visibility === 'private' ? 0 : 20,
    path_with_namespace: project.path,
    default_branch: 'main',
    ci_config_path: '',
    homepage: web,
    url: `git@gitlab.example.com:${project.path}.git`,
    ssh_url: `git@gitlab.example.com:${project.path}.git`,
    http_url: `${web}.git`,
  }
}

/** lib/gitlab/hook_data/merge_request_builder.rb. The project's id is only in `project`. */
export function hookRequest(instance: Instance, request: MergeRequest, { action, changes, oldrev }: RequestEvent) {
  const attributes = { ...requestAttributes(instance, request), action, oldrev }
  return {
    object_kind: 'merge_request',
    event_type: 'merge_request',
    project: hookProject(instance, request.project),
    repository: { name: request.project.path.split('/').at(-1), description: null },
    object_attributes: attributes,
    labels: [],
    changes,
    assignees: [],
    reviewers: [],
  }
}

function requestAttributes(instance: Instance, request: MergeRequest) {
  const { head, createdAt, commit } = latestVersion(request)
  return {
    assignee_id: null,
    author_id: request.author.id,
    created_at: request.createdAt,
    description: '',
    draft: request.isDraft,
    head_pipeline_id: null,
    id: request.id,
    iid: request.iid,
    merge_commit_sha: null,
    merge_status: 'unchecked',
    source_branch: request.sourceBranch,
    source_project_id: request.source?.id ?? null,
    state: request.state,
    state_id: { opened: 1, closed: 2, merged: 3 }[request.state],
    target_branch: request.targetBranch,
    target_project_id: request.project.id,
    title: `${request.isDraft ? 'Draft: ' : ''}${request.title}`,
    updated_at: createdAt,
    prepared_at: request.isPreparing ? null : request.createdAt,
    url: requestUrl(instance, request),
    source: request.source ? hookProject(instance, request.source) : null,
    target: hookProject(instance, request.project),
    last_commit: {
      id: head,
      message: commit.message,
      title: commit.message.split('\n')[0],
      timestamp: createdAt,
      url: `${instance.url}/${request.project.path}/-/commit/${head}`,
      author: { name: commit.author.name, email: '[REDACTED]' },
    },
    work_in_progress: request.isDraft,
    blocking_discussions_resolved: true,
    detailed_merge_status: 'mergeable',
  }
}

/** lib/gitlab/data_builder/note.rb. On a commit there is no merge request with it. */
export function hookComment(instance: Instance, request: MergeRequest, note: Note, user: User, action: string, isOnCommit: boolean) {
  const { head } = latestVersion(request)
  const discussion = request.discussions.find(({ notes }) => notes.some(({ id }) => id === note.id))
  return {
    object_kind: 'note',
    event_type: note.isInternal ? 'confidential_note' : 'note',
    user: hookUser(user),
    project_id: request.project.id,
    project: hookProject(instance, request.project),
    object_attributes: {
      attachment: null,
      author_id: note.author.id,
      change_position: note.position ?? null,
      commit_id: isOnCommit ? head : null,
      created_at: note.createdAt,
      discussion_id: discussion?.id ?? '0'.repeat(40),
      id: note.id,
      internal: note.isInternal,
      line_code: note.lineCode ?? null,
      note: note.body,
      noteable_id: isOnCommit ? null : request.id,
      noteable_type: isOnCommit ? 'Commit' : 'MergeRequest',
      original_position: note.originalPosition ?? null,
      position: note.position ?? null,
      project_id: request.project.id,
      resolved_at: note.resolvedAt ?? null,
      resolved_by_id: note.resolvedBy?.id ?? null,
      resolved_by_push: null,
      st_diff: null,
      system: note.isSystem,
      type: note.type,
      updated_at: note.updatedAt,
      updated_by_id: null,
      description: note.body,
      url: `${requestUrl(instance, request)}#note_${note.id}`,
      action,
    },
    repository: { name: request.project.path.split('/').at(-1), description: null },
    ...(isOnCommit ? { commit: { id: head } } : { merge_request: requestAttributes(instance, request) }),
  }
}

export function hookPush(instance: Instance, request: MergeRequest) {
  const { head, base } = latestVersion(request)
  return {
    object_kind: 'push',
    event_name: 'push',
    before: base,
    after: head,
    ref: `refs/heads/${request.sourceBranch}`,
    checkout_sha: head,
    user_id: request.author.id,
    user_name: request.author.name,
    user_username: request.author.username,
    project_id: request.project.id,
    project: hookProject(instance, request.project),
    commits: [],
    total_commits_count: 1,
  }
}
