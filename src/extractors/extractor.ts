import type { Script, Tool } from './script.ts'

/** Finds the migrations of one tool in a repository and says how that tool would run them. Pure: it is given the files. */
export interface Extractor {
  readonly tool: Tool
  /**
   * The folders (repository-relative, `''` for its root) that hold this tool's migrations, judged by file names and by the
   * configuration files `read` gives. Empty when the tool is not used.
   */
  detect(paths: readonly string[], read: ReadFile): Promise<string[]>
  /** Is this path a migration of the tool, in that folder? */
  owns(path: string, folder: string): boolean
  /** The order in which the tool applies files: compares two paths it owns. */
  compare(a: string, b: string): number
  /** Does the file only undo, so that applying the history never runs it? Without this method no file does. */
  undoes?(path: string): boolean
  /** Which of the files are applied and in which order, when their names do not say it: a journal, checkpoints. */
  arrange?(files: readonly string[], folder: string, read: ReadFile): Promise<Arrangement>
  /** Files beside a migration that say how it is run: `V1__a.sql.conf`, `metadata.toml`. */
  besides?(path: string): string[]
  /** Names of configuration files, looked for in the folder and the folders above it, that say how all files are run. */
  readonly configFiles?: readonly string[]
  /** The file's up script, then its down script if it holds one; several where the tool sends parts differently. `beside` has those configuration files that exist. */
  extract(path: string, text: string, beside?: Beside): Script[]
}

/** A file of the repository at the commit looked at; undefined when it is not there. */
export type ReadFile = (path: string) => Promise<string | undefined>

/** Texts of configuration files by path. */
export type Beside = ReadonlyMap<string, string>

export interface Arrangement {
  /** In applied order. */
  files: string[]
  /** Files the tool would not run on a database in use, and why: `not in meta/_journal.json`. */
  leftOut: Map<string, string>
}
