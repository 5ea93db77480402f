import { createHash } from 'node:crypto'
import type { Repository } from '../repository.ts'

/** Everything the stub knows. */
export interface Instance {
  /** Set once the server listens. */
  url: string
  users: User[]
  projects: Project[]
  /** The token's user. */
  bot: User
  violations: string[]
  /** Quick actions that stood in notes of the bot: `/close`. */
  quickActions: string[]
  nextId(): number
  now(): string
}

export interface User {
  id: number
  username: string
  name: string
  isBot: boolean
}

/** docs.gitlab.com: api/access_requests, valid access levels. */
export const ACCESS = { guest: 10, reporter: 20, developer: 30, maintainer: 40, owner: 50 } as const

export interface Project {
  id: number
  path: string
  visibility: 'private' | 'public'
  forkOf: number | undefined
  repository: Repository
  /** Access levels by user id. */
  members: Map<number, number>
  requests: MergeRequest[]
  /** Oldest first. */
  pipelines: Pipeline[]
  statuses: CommitStatus[]
}

/** A status without one makes one, `external`. */
export interface Pipeline {
  id: number
  sha: string
  ref: string
  source: 'push' | 'merge_request_event' | 'external'
  createdAt: string
}

export interface MergeRequest {
  id: number
  iid: number
  project: Project
  /** Undefined when the fork is gone. */
  source: Project | undefined
  sourceBranch: string
  targetBranch: string
  title: string
  isDraft: boolean
  state: 'opened' | 'closed' | 'merged'
  author: User
  createdAt: string
  /** Oldest first. */
  versions: Version[]
  /** While GitLab still makes the first version, `diff_refs` is null. */
  isPreparing: boolean
  discussions: Discussion[]
  draftNotes: DraftNote[]
  awards: Award[]
}

/** What a merge request was after one push. */
export interface Version {
  id: number
  /** The merge base. */
  base: string
  /** Head of the target branch. */
  start: string
  head: string
  createdAt: string
  /** How many differ. */
  files: number
  commit: { message: string; author: User }
}

export interface Discussion {
  id: string
  /** A comment that nobody answered; an answer makes a thread of it. */
  isIndividual: boolean
  notes: Note[]
}

export interface Note {
  id: number
  type: 'DiscussionNote' | 'DiffNote' | null
  body: string
  author: User
  createdAt: string
  updatedAt: string
  isSystem: boolean
  isInternal: boolean
  position: Position | undefined
  originalPosition: Position | undefined
  lineCode: string | undefined
  isResolvable: boolean
  resolvedBy: User | undefined
  resolvedAt: string | undefined
  awards: Award[]
  suggestions: Suggestion[]
}

export interface Position {
  base_sha: string
  start_sha: string
  head_sha: string
  old_path: string
  new_path: string
  position_type: 'text' | 'image' | 'file'
  old_line: number | null
  new_line: number | null
  line_range: { start: RangeEnd; end: RangeEnd } | null
}

interface RangeEnd {
  line_code: string
  type: string | null
  old_line: number | null
  new_line: number | null
}

export interface Suggestion {
  id: number
  fromLine: number
  toLine: number
  isApplied: boolean
  toContent: string
}

export interface DraftNote {
  id: number
  author: User
  note: string
  position: Position | undefined
  lineCode: string | undefined
  discussion: string | undefined
  resolves: boolean
}

export interface Award {
  id: number
  name: string
  user: User
}

export const STATUS_STATES = ['pending', 'running', 'success', 'failed', 'canceled', 'skipped'] as const

export interface CommitStatus {
  id: number
  pipeline: Pipeline
  name: string
  state: (typeof STATUS_STATES)[number] | 'created'
  description: string | null
  targetUrl: string | null
  user: User
  createdAt: string
}

export function newDiscussion(id: number, isIndividual: boolean, note: Note): Discussion {
  return { id: createHash('sha1').update(`discussion ${id}`).digest('hex'), isIndividual, notes: [note] }
}

export function newNote(instance: Instance, author: User, body: string, fields: Partial<Note> = {}): Note {
  const now = instance.now()
  return {
    id: instance.nextId(),
    type: null,
    body,
    author,
    createdAt: now,
    updatedAt: now,
    isSystem: false,
    isInternal: false,
    position: undefined,
    originalPosition: undefined,
    lineCode: undefined,
    isResolvable: false,
    resolvedBy: undefined,
    resolvedAt: undefined,
    awards: [],
    suggestions: [],
    ...fields,
  }
}

/** Somebody who was not heard of before is registered. */
export function userOf(instance: Instance, username: string): User {
  const known = instance.users.find((user) => user.username === username)
  if (known) return known
  const user = { id: instance.nextId(), username, name: username, isBot: false }
  instance.users.push(user)
  return user
}

export function accessOf(project: Project, user: User): number {
  return project.members.get(user.id) ?? 0
}

export function latestVersion(request: MergeRequest): Version {
  return request.versions.at(-1) as Version
}

export function isResolved({ notes }: Discussion): boolean {
  const resolvable = notes.filter((note) => note.isResolvable)
  return resolvable.length > 0 && resolvable.every((note) => note.resolvedAt !== undefined)
}
