import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { manualVersion } from './manual-page.ts'

/** Where a manual's pages are: in the folder itself or in its `html`, as in Debian's packages and a built tree. UserError for another version's, or none. */
export async function manualFolder(path: string, postgres: number): Promise<string> {
  for (const folder of [path, join(path, 'html')]) {
    const index = await readFile(join(folder, 'index.html'), 'utf8').catch(() => undefined)
    const version = index === undefined ? undefined : manualVersion(index)
    if (version === postgres) return folder
    if (version !== undefined) throw new UserError(`${folder} holds the manual of Postgres ${version}, not of ${postgres}.`)
  }
  if (!(await stat(path).catch(() => undefined))) throw new UserError(`There is no folder ${path}.`)
  throw new UserError(`${path} holds no manual of Postgres: it has no index.html that says so.`)
}
