import type { Instance, MergeRequest, Note, Project, User } from './instance.ts'
import { type Award, type CommitStatus, type Discussion, type DraftNote, isResolved, latestVersion, type Version } from './instance.ts'

/** The replies of the API, field for field as docs.gitlab.com shows them. */
export function presentUser({ url }: Instance, user: User) {
  return {
    id: user.id,
    username: user.username,
    public_email: null,
    name: user.name,
    state: 'active',
    locked: false,
    avatar_url: null,
    web_url: `${url}/${user.username}`,
  }
}

export function presentProject(instance: Instance, project: Project) {
  const name = project.path.split('/').at(-1) as string
  const web = `${instance.url}/${project.path}`
  return {
    id: project.id,
    description: null,
    name,
    name_with_namespace: project.path.replaceAll('/', ' / '),
    path: name,
    path_with_namespace: project.path,
    default_branch: 'main',
    visibility: project.visibility,
    ssh_url_to_repo: `git@gitlab.example.com:${project.path}.git`,
    http_url_to_repo: `${web}.git`,
    web_url: web,
    archived: false,
    empty_repo: false,
    merge_requests_enabled: true,
    merge_requests_access_level: 'enabled',
    resolve_outdated_diff_discussions: false,
    ...(project.forkOf === undefined ? {} : { forked_from_project: { id: project.forkOf } }),
  }
}

export function presentRequest(instance: Instance, request: MergeRequest) {
  const version = latestVersion(request)
  return {
    id: request.id,
    iid: request.iid,
    project_id: request.project.id,
    title: `${request.isDraft ? 'Draft: ' : ''}${request.title}`,
    description: '',
    state: request.state,
    created_at: request.createdAt,
    updated_at: version.createdAt,
    prepared_at: request.isPreparing ? null : request.createdAt,
    target_branch: request.targetBranch,
    source_branch: request.sourceBranch,
    author: presentUser(instance, request.author),
    assignees: [],
    assignee: null,
    reviewers: [],
    source_project_id: request.source?.id ?? null,
    target_project_id: request.project.id,
    labels: [],
    draft: request.isDraft,
    work_in_progress: request.isDraft,
    merge_status: request.isPreparing ? 'preparing' : 'can_be_merged',
    detailed_merge_status: request.isPreparing ? 'preparing' : request.isDraft ? 'draft_status' : 'mergeable',
    sha: version.head,
    merge_commit_sha: null,
    squash_commit_sha: null,
    discussion_locked: null,
    web_url: requestUrl(instance, request),
    references: { short: `!${request.iid}`, relative: `!${request.iid}`, full: `${request.project.path}!${request.iid}` },
    has_conflicts: false,
    blocking_discussions_resolved: request.discussions.every((one) => isResolved(one) || !one.notes.some((note) => note.isResolvable)),
    changes_count: request.isPreparing ? null : String(version.files),
    diff_refs: request.isPreparing ? null : { base_sha: version.base, head_sha: version.head, start_sha: version.start },
    user: { can_merge: false },
  }
}

export function requestUrl({ url }: Instance, request: MergeRequest): string {
  return `${url}/${request.project.path}/-/merge_requests/${request.iid}`
}

export function presentVersion(request: MergeRequest, version: Version) {
  return {
    id: version.id,
    head_commit_sha: version.head,
    base_commit_sha: version.base,
    start_commit_sha: version.start,
    created_at: version.createdAt,
    merge_request_id: request.id,
    state: 'collected',
    real_size: String(version.files),
    patch_id_sha: null,
  }
}

export function presentNote(instance: Instance, request: MergeRequest, note: Note) {
  const resolution = {
    resolved: note.resolvedAt !== undefined,
    resolved_by: note.resolvedBy ? presentUser(instance, note.resolvedBy) : null,
    resolved_at: note.resolvedAt ?? null,
  }
  return {
    id: note.id,
    type: note.type,
    body: note.body,
    author: presentUser(instance, note.author),
    created_at: note.createdAt,
    updated_at: note.updatedAt,
    system: note.isSystem,
    noteable_id: request.id,
    noteable_type: 'MergeRequest',
    project_id: request.project.id,
    ...(note.type === 'DiffNote' ? { commit_id: null, position: note.position } : {}),
    resolvable: note.isResolvable,
    ...(note.isResolvable ? resolution : {}),
    ...(note.type === 'DiffNote' ? { suggestions: note.suggestions.map(presentSuggestion) } : {}),
    confidential: note.isInternal,
    internal: note.isInternal,
    imported: false,
    imported_from: 'none',
    noteable_iid: request.iid,
    commands_changes: {},
  }
}

export function presentSuggestion({ id, fromLine, toLine, isApplied, toContent }: Note['suggestions'][number]) {
  return { id, from_line: fromLine, to_line: toLine, appliable: !isApplied, applied: isApplied, from_content: '', to_content: toContent }
}

export function presentDiscussion(instance: Instance, request: MergeRequest, { id, isIndividual, notes }: Discussion) {
  return { id, individual_note: isIndividual, notes: notes.map((note) => presentNote(instance, request, note)) }
}

export function presentDraft(request: MergeRequest, draft: DraftNote) {
  return {
    id: draft.id,
    author_id: draft.author.id,
    merge_request_id: request.id,
    resolve_discussion: draft.resolves,
    discussion_id: draft.discussion ?? null,
    note: draft.note,
    commit_id: null,
    line_code: draft.lineCode ?? null,
    position: draft.position ?? null,
  }
}

export function presentAward(instance: Instance, award: Award, awardable: { id: number; type: 'MergeRequest' | 'Note' }) {
  return {
    id: award.id,
    name: award.name,
    user: presentUser(instance, award.user),
    awardable_id: awardable.id,
    awardable_type: awardable.type,
    url: null,
  }
}

export function presentStatus(instance: Instance, status: CommitStatus) {
  return {
    id: status.id,
    sha: status.pipeline.sha,
    ref: status.pipeline.ref,
    status: status.state,
    name: status.name,
    target_url: status.targetUrl,
    description: status.description,
    created_at: status.createdAt,
    started_at: null,
    finished_at: null,
    allow_failure: false,
    coverage: null,
    pipeline_id: status.pipeline.id,
    author: presentUser(instance, status.user),
  }
}
