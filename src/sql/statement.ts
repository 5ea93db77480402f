import type { Operation } from './operation.ts'

/** One SQL statement of a script, and where it stands in its file. */
export interface Statement {
  /** Zero-based position among the statements of its script. */
  index: number
  /** What is done, in lower-case words of SQL: `create index`, `alter table`, `update`; `unknown` when it cannot be parsed. */
  kind: string
  /** The statement as written, without leading comments and without its semicolon. */
  text: string
  /** UTF-16 offsets into the file. */
  start: number
  end: number
  /** UTF-8 byte offsets into the file. */
  startByte: number
  endByte: number
  /** One-based lines of the file. */
  line: number
  endLine: number
  /** What it asks for: an ALTER TABLE can hold many; a DO block holds those of its body, with `inside: 'do'`. */
  operations: Operation[]
  /** Why Postgres would refuse to parse it. Then `operations` is empty. */
  syntaxError?: SyntaxProblem
}

export interface SyntaxProblem {
  message: string
  /** UTF-16 offset into the file. */
  at: number
  /** What stands in the way when it is not SQL at all: `{{ … }}`, a psql command, an unterminated quote. */
  hint?: string
}

/** How a script is sent: in one transaction block, in one multi-statement query (an implicit transaction), or a statement at a time. */
export type TransactionMode = 'file' | 'implicit' | 'none'
