/** Which thread a message belongs to, as messages go by. */
import { MAX_TITLE_CHARACTERS } from './limits.ts'

/** Threads are local in time: messages that are further back than this many are forgotten, and their late answers begin a thread of their own. */
const MAX_REMEMBERED = 100_000
const MAX_ID_CHARACTERS = 100

export class MailThreads {
  /** Title of the thread, by the ids of its messages. */
  #titles = new Map<string, string>()
  /** Those before: looked up still, forgotten when the newer ones fill up. */
  #before = new Map<string, string>()

  /** Title of the thread's root: of the first message References names that was here, else the message's own. Every id it names is in that thread from now on. */
  place(id: string, { references, subject }: { references: readonly string[]; subject: string }): string {
    const known = references.map((reference) => this.#find(reference)).find((title) => title !== undefined)
    const title = known ?? detached(bareSubject(subject) || 'No subject')
    this.#remember(id, title)
    // The root alone: whoever answers it later names it too.
    const root = references[0]
    if (known === undefined && root !== undefined) this.#remember(root, title)
    return title
  }

  #find(id: string): string | undefined {
    const short = id.slice(0, MAX_ID_CHARACTERS)
    return this.#titles.get(short) ?? this.#before.get(short)
  }

  #remember(id: string, title: string): void {
    this.#titles.set(detached(id.slice(0, MAX_ID_CHARACTERS)), title)
    if (this.#titles.size < MAX_REMEMBERED / 2) return
    this.#before = this.#titles
    this.#titles = new Map()
  }
}

/** A part of a string keeps all of it in memory; a copy does not. Headers are long, and a hundred thousand of them are remembered. */
export function detached(text: string): string {
  return Buffer.from(text).toString()
}

/** Without `Re:`, `Fwd:` and the list's own tag in front. */
function bareSubject(subject: string): string {
  let bare = subject.slice(0, MAX_TITLE_CHARACTERS)
  for (let before = ''; before !== bare; ) {
    before = bare
    bare = bare.replace(
      /^\s*(?:(?:re|aw|sv|antw|fwd?|wg)(?:\[\d{1,3}\])?\s?:|\[(?:pgsql-[\w-]{1,30}|hackers|general|performance|bugs|admin|sql|novice|docs|committers|patches|external\w{0,9})\])\s*/i,
      '',
    )
  }
  return bare.trim()
}
