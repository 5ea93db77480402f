import type { TransactionMode } from '../sql/statement.ts'
import { otherDatabaseOfFile } from './database.ts'
import type { Beside, Extractor } from './extractor.ts'
import { folderOf, isInside } from './names.ts'
import type { Script, Tool } from './script.ts'
import { extractorOf } from './tools.ts'

/** The migrations of one tool in one folder. */
export interface History {
  tool: Tool
  /** Repository-relative; `''` for its root. */
  folder: string
  extractor: Extractor
  /** Those that take a database in use forward, in applied order. Empty when the history is not for Postgres. */
  files: string[]
  /** Files in the folder that are not run on a database in use, and why. */
  leftOut: ReadonlyMap<string, string>
  /** `Postgres`, or which other database the history is for; then nothing of it is reviewed. */
  database: string
  /** Texts of the configuration files that say how files are run, by path. */
  beside: Beside
  /** From the configuration: how a file is sent, whatever the tool does by itself. */
  transaction?: TransactionMode
  /** For the reader: `migrations in Go are not read`. */
  notes: string[]
}

/** The history a file belongs to, or undefined: then it is reviewed by itself. */
export function historyOf(path: string, histories: readonly History[]): History | undefined {
  const around = histories.filter((history) => isInside(path, history.folder) && history.extractor.owns(path, history.folder))
  return around.sort((a, b) => b.folder.length - a.folder.length)[0]
}

/** Why nothing of a file runs on a Postgres database in use: `it is for MySQL`. Undefined when it does. */
export function whyLeftOut(path: string, history?: History): string | undefined {
  if (!history) {
    const database = otherDatabaseOfFile(path, folderOf(folderOf(path)))
    return database === undefined ? undefined : `it is for ${database}`
  }
  return history.database === 'Postgres' ? history.leftOut.get(path) : `${history.folder} is for ${history.database}`
}

/**
 * The scripts of a file: of its history, or of a file that stands alone, judged by its markers. Empty when it was left out.
 * A direction may have several scripts, to be run one after another.
 */
export function extractScripts(path: string, text: string, history?: History): Script[] {
  if (whyLeftOut(path, history) !== undefined) return []
  if (!history) return extractorOf(path, text).extract(path, text)
  const scripts = history.extractor.extract(path, text, history.beside)
  return history.transaction === undefined
    ? scripts
    : scripts.map((script) => ({ ...script, transaction: history.transaction ?? script.transaction }))
}
