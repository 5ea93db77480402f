import type { StubState } from '../stub-forge.ts'
import { type Award, type Discussion, isResolved, type MergeRequest, type Note } from './instance.ts'
import { latestOf } from './statuses.ts'

/** What a person sees: threads are those at places in the diff; answers to other comments stand among the comments. */
export function showState(request: MergeRequest): StubState {
  const [threads, others] = [request.discussions.filter(isAtDiff), request.discussions.filter((one) => !isAtDiff(one))]
  const projects = [request.project, ...(request.source && request.source !== request.project ? [request.source] : [])]
  const shas = new Set(request.versions.flatMap(({ base, head }) => [base, head]))
  return {
    comments: others
      .flatMap(({ notes }) => notes.filter((note) => !note.isSystem))
      .sort((a, b) => a.id - b.id)
      .map(showComment),
    threads: threads.map(showThread),
    statuses: projects
      .flatMap(({ statuses }) => latestOf(statuses))
      .filter(({ pipeline }) => shas.has(pipeline.sha))
      .map(({ name, pipeline, state, description }) => ({ name, sha: pipeline.sha, state, title: description ?? '', annotations: 0 })),
    reactions: request.awards.map(nameOfAward),
  }
}

function isAtDiff({ notes }: Discussion): boolean {
  return notes[0]?.type === 'DiffNote'
}

function showThread(discussion: Discussion): StubState['threads'][number] {
  const { position } = discussion.notes[0] as Note
  const start = position?.line_range?.start
  const line = position?.new_line ?? position?.old_line ?? 0
  const startLine = start?.new_line ?? start?.old_line
  return {
    id: discussion.id,
    path: position?.new_path ?? '',
    line,
    ...(startLine !== undefined && startLine !== null && startLine !== line ? { startLine } : {}),
    resolved: isResolved(discussion),
    comments: discussion.notes.map(showComment),
  }
}

function showComment({ id, author, body, awards }: Note): StubState['comments'][number] {
  return { id, author: author.username, body, reactions: awards.map(nameOfAward) }
}

function nameOfAward({ name }: Award): string {
  return { thumbsup: '+1', thumbsdown: '-1' }[name] ?? name
}
