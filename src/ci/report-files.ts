import { lstat, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { UserError } from '../errors.ts'

/** The checkout is the change's: a link in it, where a report is to be written, could lead anywhere on the runner. A UserError for such a place. */
export async function checkReportFiles(files: readonly string[], cwd: string): Promise<void> {
  const root = await realpath(cwd)
  for (const file of files.filter((one) => !isAbsolute(one))) {
    const isLink = await lstat(resolve(cwd, file)).then(
      (found) => found.isSymbolicLink(),
      () => false,
    )
    if (isLink || !isInside(root, await nearestFolder(resolve(cwd, dirname(file)))))
      throw new UserError(`${JSON.stringify(file)} is a link in the checkout, or leads out of it: write the report elsewhere.`)
  }
}

/** Whether files of the change lie in a folder: then nothing in there is what an earlier run left. */
export function isOfChange(paths: readonly string[], root: string, folder: string): boolean {
  const inside = relative(root, resolve(folder))
  return !inside.startsWith('..') && paths.some((path) => path === inside || path.startsWith(`${inside}/`))
}

function isInside(root: string, folder: string): boolean {
  const path = relative(root, folder)
  return path === '' || (!path.startsWith('..') && !isAbsolute(path))
}

async function nearestFolder(folder: string): Promise<string> {
  try {
    return await realpath(folder)
  } catch {
    return await nearestFolder(dirname(folder))
  }
}
