import { type ChangedFile, diffFiles, findLine, moveLine } from '../diff.ts'
import { invalid, Refusal } from '../refusal.ts'
import type { Pull, Side, State, Thread } from '../state.ts'

/** What a comment is put at. */
export interface WantedLine {
  path: string
  line: number
  side?: Side | undefined
  start_line?: number | undefined
  start_side?: Side | undefined
}

/** What is wrong with the place of a comment. */
export type LineFault = 'path' | 'line' | 'start_line' | 'order' | 'hunk'

export async function filesOf({ repository, mergeBase, headSha }: Pull, sha = headSha): Promise<ChangedFile[]> {
  const base = sha === headSha ? mergeBase : await repository.git.text('merge-base', mergeBase, sha)
  return await diffFiles(repository.git, base, sha)
}

/** The hunk a comment would be shown with, or why there is none. */
export function placeComment(files: readonly ChangedFile[], wanted: WantedLine): { excerpt: string } | { fault: LineFault } {
  const patch = files.find(({ filename }) => filename === wanted.path)?.patch
  if (patch === undefined) return { fault: 'path' }
  const side = wanted.side ?? 'RIGHT'
  const last = findLine(patch, side, wanted.line)
  if (!last) return { fault: 'line' }
  if (wanted.start_line === undefined) return { excerpt: last.excerpt }
  const startSide = wanted.start_side ?? side
  const first = findLine(patch, startSide, wanted.start_line)
  if (!first) return { fault: 'start_line' }
  if (startSide === side && wanted.start_line >= wanted.line) return { fault: 'order' }
  return first.hunk === last.hunk ? { excerpt: last.excerpt } : { fault: 'hunk' }
}

/** As `POST /pulls/{n}/comments` words it. */
export function refusalOfComment(fault: LineFault): Refusal {
  const field = fault === 'path' ? 'path' : fault === 'line' ? 'line' : 'start_line'
  const words: Record<LineFault, string> = {
    path: 'path could not be resolved',
    line: 'line must be part of the diff',
    start_line: 'start_line must be part of the diff',
    order: 'start_line must precede the end line.',
    hunk: 'start_line must be part of the same hunk as the line.',
  }
  return invalid('PullRequestReviewComment', `pull_request_review_thread.${field}`, `pull_request_review_thread.${words[fault]}`)
}

/** As `POST /pulls/{n}/reviews` words it: which of the comments it was is not said. */
export function refusalOfReview(fault: LineFault): Refusal {
  const words: Record<LineFault, string> = {
    path: 'Path could not be resolved',
    line: 'Line could not be resolved',
    start_line: 'Start line could not be resolved',
    order: 'Start line must precede the end line',
    hunk: 'Start line must be part of the same hunk as the line.',
  }
  return new Refusal(422, 'Unprocessable Entity', [words[fault]])
}

/** The commits that may be commented are those of the pull request, earlier heads too. */
export function checkCommit(pull: Pull, sha: string): void {
  if (!pull.heads.includes(sha)) throw invalid('PullRequestReviewComment', 'commit_id', 'commit_id is not part of the pull request')
}

export async function newThread(state: State, pull: Pull, wanted: WantedLine, sha: string, excerpt: string): Promise<Thread> {
  const id = state.nextId()
  const at = { sha, line: wanted.line, startLine: wanted.start_line }
  const thread: Thread = {
    nodeId: `PRRT_kwDO${Buffer.from(String(id)).toString('base64url')}`,
    pull,
    path: wanted.path,
    side: wanted.side ?? 'RIGHT',
    startSide: wanted.start_line === undefined ? undefined : (wanted.start_side ?? wanted.side ?? 'RIGHT'),
    original: at,
    current: at,
    hunk: excerpt,
    resolvedBy: undefined,
    comments: [],
    rootId: id,
  }
  await moveThread(thread)
  state.threads.push(thread)
  return thread
}

/** After a push: the line a thread is at now. One whose line was changed is outdated for good. */
export async function moveThread(thread: Thread): Promise<void> {
  const { pull, path, current, side } = thread
  if (!current || current.sha === pull.headSha) return
  const { git } = pull.repository
  const move = async (line: number): Promise<number | undefined> =>
    side === 'LEFT' ? line : await moveLine(git, current.sha, pull.headSha, path, line)
  const line = await move(current.line)
  const startLine = current.startLine === undefined ? undefined : await move(current.startLine)
  const patch = (await filesOf(pull)).find(({ filename }) => filename === path)?.patch
  const isThere = line !== undefined && patch !== undefined && findLine(patch, side, line) !== undefined
  const isWhole = current.startLine === undefined || startLine !== undefined
  thread.current = isThere && isWhole ? { sha: pull.headSha, line, startLine } : undefined
}
