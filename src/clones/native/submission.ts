import type { Connection as Wire } from 'pg'
import type { DatabaseError, Notice, StatementOutcome } from '../clone.ts'
import { rowsOfTag } from '../wire.ts'

/** What one query gave. `completed` has a statement each, those of several sent as one. */
export interface Reply {
  completed: StatementOutcome[]
  /** What was said after the last statement that completed. */
  notices: Notice[]
  /** Of the last statement that returned any, as text. Empty unless they were wanted. */
  rows: Array<Record<string, string | null>>
  error: DatabaseError | undefined
  /** The session is over: the server said so, or the connection broke. */
  over: boolean
}

/** A script may speak without end. */
const MAX_NOTICES = 1000

interface ServerError extends Error {
  code?: string
  detail?: string
  hint?: string
  position?: string
  severity?: string
}

interface Messages extends Wire {
  parse(query: { text: string }): void
  bind(portal: { values?: string[] }): void
  describe(what: { type: 'P' }): void
  execute(portal: object): void
  sync(): void
  query(text: string): void
  sendCopyFail(message: string): void
}

/**
 * A query as `pg` sends it, without what `pg` does with the rows: those of a statement that is not ours are dropped as they come, so that a
 * billion of them cost no memory. `several` sends the text as one simple query; else it is one statement, and the server refuses a second.
 */
export class Submission {
  readonly reply: Promise<Reply>
  private readonly text: string
  private readonly parameters: string[]
  private readonly several: boolean
  private readonly keepsRows: boolean
  private resolve: (reply: Reply) => void = () => undefined
  private completed: StatementOutcome[] = []
  private rows: Reply['rows'] = []
  private columns: string[] = []
  private notices: Notice[] = []

  constructor(text: string, how: { several: boolean; keepsRows: boolean; parameters?: readonly string[] | undefined }) {
    this.text = text
    this.several = how.several
    this.keepsRows = how.keepsRows
    this.parameters = [...(how.parameters ?? [])]
    this.reply = new Promise((resolve) => {
      this.resolve = resolve
    })
  }

  submit(wire: Wire): null {
    const messages = wire as Messages
    if (this.several) {
      messages.query(this.text)
      return null
    }
    messages.stream.cork()
    messages.parse({ text: this.text })
    messages.bind({ values: this.parameters })
    messages.describe({ type: 'P' })
    messages.execute({})
    messages.sync()
    messages.stream.uncork()
    return null
  }

  handleRowDescription(message: { fields: Array<{ name: string }> }): void {
    this.columns = message.fields.map(({ name }) => name)
    this.rows = []
  }

  handleDataRow(message: { fields: Array<string | null> }): void {
    if (!this.keepsRows) return
    this.rows.push(Object.fromEntries(this.columns.map((name, index) => [name, message.fields[index] ?? null])))
  }

  handleCommandComplete(message: { text: string }): void {
    const rows = rowsOfTag(message.text)
    this.completed.push({ ms: 0, notices: this.notices, ...(rows !== undefined && { rows }) })
    this.notices = []
  }

  handleNotice(notice: Notice): void {
    if (this.notices.length < MAX_NOTICES) this.notices.push(notice)
  }

  handleCopyInResponse(wire: Wire): void {
    const messages = wire as Messages
    messages.sendCopyFail('rows are not sent to a clone')
    // The first one was read while the server waited for rows.
    if (!this.several) messages.sync()
  }

  handleCopyData(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}

  handleError(error: ServerError): void {
    const { code, message, detail, hint, position, severity } = error
    const over = severity === undefined || severity === 'FATAL' || severity === 'PANIC'
    const told = {
      code: severity === undefined ? '08006' : (code ?? ''),
      message,
      ...(detail !== undefined && { detail }),
      ...(hint !== undefined && { hint }),
      ...(position !== undefined && { position: Number(position) }),
    }
    this.finish(told, over)
  }

  handleReadyForQuery(): void {
    this.finish(undefined, false)
  }

  private finish(error: DatabaseError | undefined, over: boolean): void {
    this.resolve({ completed: this.completed, notices: this.notices, rows: this.rows, error, over })
  }
}
