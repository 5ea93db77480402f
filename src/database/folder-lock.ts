import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UserError } from '../errors.ts'

/**
 * One process a folder. The lock is the operating system's on a file, which SQLite takes for us as Node cannot: it ends with the process however that ends, and
 * counts for other containers too, where a stored process id would not. Gives what lets go of it.
 */
export function lockFolder(folder: string): () => void {
  const file = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  try {
    file.exec('pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    file.close()
    if (!/locked|busy/i.test(String(error))) throw error
    throw new UserError(
      `${folder} is in use by another pgwitness process. Stop that one, give this one another --data folder, or set DATABASE_URL: only a Postgres serves several processes.`,
      { cause: error },
    )
  }
  return () => {
    if (file.isOpen) file.close()
  }
}
