import { UserError } from '../errors.ts'
import type { Comment, CommentRef, Forge, MergeRequest, MergeRequestRef } from '../forges/forge.ts'
import { changeKey } from '../queue/queue.ts'
import type { Store } from '../store/store.ts'
import { type Command, readCommand } from './command.ts'
import { explainFinding } from './explain.ts'
import { helpText } from './help.ts'
import { proseInReply, refusalText } from './reply-text.ts'
import { findFinding } from './stored-finding.ts'

/** What answers are made with. */
export interface AnswerSettings {
  forgeFor(ref: MergeRequestRef): Forge
  store: Store
  /** Names that are ours, without `@`. */
  handles(forge: Forge, signal: AbortSignal): Promise<string[]>
  /** Has the change reviewed, after what runs now. */
  askForReview(ref: MergeRequestRef, comment: CommentRef): Promise<void>
  /** Puts one question to a clone with the change's schema; Markdown. */
  ask(request: MergeRequest, question: Question, signal: AbortSignal): Promise<string>
  log(fields: Record<string, unknown>, message: string): void
}

export type Question = { experiment: 'plan'; query: string } | { experiment: 'try-index'; index: string; query: string }

/** Answers a comment that is for us, in its thread. Asked twice it answers once. */
export async function answerComment(ref: MergeRequestRef, place: CommentRef, settings: AnswerSettings, signal: AbortSignal): Promise<void> {
  const forge = settings.forgeFor(ref)
  const comment = await forge.fetchComment(ref, place, signal)
  const command = comment && readCommand(comment.text, await settings.handles(forge, signal))
  if (!comment || !command || comment.author.isBot) return
  const at = { change: changeKey(ref), by: comment.author.login, command: command.kind }
  await forge.ensureReaction(ref, place, signal)
  const text = await replyTo(forge, { ref, place, comment, command }, settings, signal)
  if (text === undefined) return settings.log(at, 'not answered')
  await forge.ensureReply(ref, place, text, signal)
  settings.log(at, 'answered')
}

interface Asked {
  ref: MergeRequestRef
  place: CommentRef
  comment: Comment
  command: Command
}

/** Undefined where silence is the answer: it was said before. */
async function replyTo(forge: Forge, asked: Asked, settings: AnswerSettings, signal: AbortSignal): Promise<string | undefined> {
  const { ref, place, comment, command } = asked
  const change = changeKey(ref)
  if ((await forge.fetchPermission(ref, comment.author, signal)) !== 'write') {
    const isFirst = await settings.store.isFirst(change, `no permission: ${comment.author.id}`, place.id)
    return isFirst ? `Only people who may write to ${proseInReply(ref.repository)} can ask here.` : undefined
  }
  if (command.kind === 'unknown') {
    const isFirst = await settings.store.isFirst(change, 'help for an unknown command', place.id)
    return isFirst ? `There is no command \u201C${proseInReply(command.text)}\u201D.\n\n${helpText()}` : undefined
  }
  if (command.kind === 'help') return helpText()
  const request = await forge.fetchMergeRequest(ref, signal)
  // What is known is told as long as somebody asks.
  if (request.state !== 'open' && command.kind !== 'explain') return 'This is not open any more, so nothing is run for it.'
  return await answers(asked, command, request, settings, signal)
}

async function answers(
  { ref, place, comment }: Asked,
  command: Exclude<Command, { kind: 'unknown' | 'help' }>,
  request: MergeRequest,
  settings: AnswerSettings,
  signal: AbortSignal,
): Promise<string> {
  const { store } = settings
  const change = changeKey(ref)
  const sha = request.headSha.slice(0, 10)
  switch (command.kind) {
    case 'review':
      // Without the commit, whoever proposes could put another in its place while this waits.
      if (command.withData && (command.commit === undefined || !request.headSha.startsWith(command.commit)))
        return `${command.commit === undefined ? 'Say which commit you looked at' : 'The newest commit is another one by now'}: look at ${sha}, and ask for \`review with data ${sha}\`.`
      if (command.withData) await store.addTrust(change, { headSha: request.headSha, by: comment.author.login })
      await settings.askForReview(ref, place)
      return command.withData
        ? `The review of ${sha} is on its way, and may run where production\u2019s data is. That holds for this commit alone.`
        : `The review of ${sha} is on its way; the summary will say what it found.`
    case 'explain': {
      const finding = findFinding(await store.findReview(change), command.finding, comment.key)
      return typeof finding === 'string' ? finding : explainFinding(finding)
    }
    case 'ignore': {
      if (command.reason === '') return 'Say why, behind a colon: `ignore 1a2b3c4d: the table is empty`.'
      const finding = findFinding(await store.findReview(change), command.finding, comment.key)
      if (typeof finding === 'string') return finding
      await store.addIgnore(change, { fingerprint: finding.fingerprint, reason: command.reason, by: comment.author.login })
      await settings.askForReview(ref, place)
      return `${proseInReply(finding.rule)} at ${proseInReply(`${finding.path}:${finding.line}`)} is ignored in this change: ${proseInReply(command.reason)}`
    }
    case 'plan':
      return await orRefusal(settings.ask(request, { experiment: 'plan', query: command.query }, signal))
    case 'try index':
      return command.query === undefined
        ? 'Say for which query: `try index on orders (customer_id) for select \u2026`, or put both into code blocks below.'
        : await orRefusal(settings.ask(request, { experiment: 'try-index', index: command.definition, query: command.query }, signal))
  }
}

/** A query that Postgres refuses is answered by saying so: nothing failed. */
async function orRefusal(answer: Promise<string>): Promise<string> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof UserError) return refusalText(error.message)
    throw error
  }
}
