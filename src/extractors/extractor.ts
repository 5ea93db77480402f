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
  /** The file's up script, then its down script if it holds one. */
  extract(path: string, text: string): Script[]
}

/** A file of the repository at the commit looked at; undefined when it is not there. */
export type ReadFile = (path: string) => Promise<string | undefined>
