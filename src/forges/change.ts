/** What is proposed: the files as they would be, and what they stand on. */
export interface Change {
  /** The folder its paths start from. */
  root: string
  /** Where it comes from, for the reader: `main...feature`, `uncommitted work on main`. */
  title: string
  /** The commit it stands on: the merge base; undefined when there is none, as without a repository. */
  base: string | undefined
  /** Commit of its head, or undefined for the working tree. */
  head: string | undefined
  files: ChangedFile[]
  /** What the reader should know: files that could not be read, links not followed. */
  notes: string[]
}

export interface ChangedFile {
  /** From the root of the repository; without one, from the folder asked about. */
  path: string
  status: 'added' | 'modified' | 'renamed' | 'deleted'
  /** Where it was before, when renamed. */
  previousPath?: string
  /** Contents after the change; undefined when deleted, and when it could not be read. A byte order mark is kept. */
  text: string | undefined
  /** Contents at the base; undefined when added, and when they could not be read. */
  before: string | undefined
  /** Why there is no text although the file is there: `is binary`. It is in the change's notes too. */
  unread?: string
}

/** A repository at one commit, or as it lies in the working tree. */
export interface Tree {
  /** Paths of its files; symbolic links and submodules are not among them. */
  list(): Promise<string[]>
  /** Undefined when it is not there or is not text of a reasonable size. */
  read(path: string): Promise<string | undefined>
}
