/** What is proposed: the files as they would be, and what they stand on. */
export interface Change {
  /** Where it comes from, for the reader: `main...feature`, `working tree`. */
  title: string
  /** The commit it stands on: the merge base; undefined when the history is empty. */
  base: string | undefined
  /** Commit of its head, or undefined for the working tree. */
  head: string | undefined
  files: ChangedFile[]
}

export interface ChangedFile {
  path: string
  status: 'added' | 'modified' | 'renamed' | 'deleted'
  /** Where it was before, when renamed. */
  previousPath?: string
  /** Contents after the change; undefined when deleted. */
  text: string | undefined
  /** Contents at the base; undefined when added. */
  before: string | undefined
}

/** A repository at one commit. */
export interface Tree {
  list(): Promise<string[]>
  read(path: string): Promise<string | undefined>
}
