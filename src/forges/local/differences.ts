import { gitOutput, parts } from './git.ts'
import type { Repository } from './repository.ts'

/** One entry of what is different between a commit and the working tree, contents not read yet. */
export interface Difference {
  path: string
  status: 'added' | 'modified' | 'renamed' | 'deleted'
  previousPath?: string
  /** Object name of the contents at the commit; undefined when it was not a file there. */
  before: string | undefined
  /** What stands there now is a link or a submodule. */
  isLink: boolean
  /** In the middle of a merge, with both sides in the file. */
  conflicted: boolean
}

const FILE_MODE = /^100/

/** Everything different from the commit: committed, staged, unstaged, and untracked files that are not ignored. */
export async function differences(
  repository: Repository,
  commit: string,
  signal?: AbortSignal,
): Promise<{ found: Difference[]; uncommitted: boolean }> {
  const diff = [
    'diff',
    '--raw',
    '-z',
    '-M',
    '--no-abbrev',
    '--no-ext-diff',
    '--no-textconv',
    '--no-color',
    '--ignore-submodules=all',
    commit,
    '--',
  ]
  const status = ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all', '--ignore-submodules=all']
  const [raw, states] = await Promise.all([gitOutput(repository.root, diff, signal), gitOutput(repository.root, status, signal)])
  const entries = parts(states)
  const conflicts = new Set(entries.filter((entry) => /^(DD|AU|UD|UA|DU|AA|UU) /.test(entry)).map((entry) => entry.slice(3)))
  const found = new Map<string, Difference>()
  for (const difference of parseRaw(parts(raw), commit)) {
    if (!found.has(difference.path)) found.set(difference.path, { ...difference, conflicted: conflicts.has(difference.path) })
  }
  for (const path of entries.filter((entry) => entry.startsWith('?? ') && !entry.endsWith('/')).map((entry) => entry.slice(3))) {
    const gone = found.get(path)
    found.set(path, { path, status: gone ? 'modified' : 'added', before: gone?.before, isLink: false, conflicted: false })
  }
  return { found: [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), uncommitted: entries.length > 0 }
}

/** Every file there is, as if it had been added: for a repository without commits. */
export async function everything(repository: Repository, signal?: AbortSignal): Promise<Difference[]> {
  const paths = await workingFiles(repository.root, undefined, signal)
  return paths.map((path) => ({ path, status: 'added', before: undefined, isLink: false, conflicted: false }))
}

/** Tracked files and untracked ones that are not ignored, in a folder or everywhere. Some may be deleted by now. */
export async function workingFiles(root: string, folder: string | undefined, signal?: AbortSignal): Promise<string[]> {
  const where = folder === undefined || folder === '' ? [] : ['--', folder]
  const listed = await gitOutput(root, ['ls-files', '-z', '--cached', '--others', '--exclude-standard', ...where], signal)
  return [...new Set(parts(listed).filter((path) => !path.endsWith('/')))]
}

/** `:100644 100644 <old> <new> M`, path, and for a rename the new path. `after` is zeros for what is not committed. */
export function parseRaw(tokens: readonly string[], commit: string): Array<Difference & { after: string }> {
  const found: Array<Difference & { after: string }> = []
  for (let at = 0; at < tokens.length; ) {
    const [oldMode = '', newMode = '', oldId = '', after = '', letters = ''] = (tokens[at] ?? '').slice(1).split(' ')
    const renamed = letters.startsWith('R')
    const previousPath = tokens[at + 1] ?? ''
    const path = renamed ? (tokens[at + 2] ?? '') : previousPath
    at += renamed ? 3 : 2
    const before = objectBefore(letters, oldMode, oldId, `${commit}:${previousPath}`)
    found.push({
      path,
      status: statusOf(letters, before !== undefined),
      ...(renamed && { previousPath }),
      before,
      after,
      isLink: newMode === '120000' || newMode === '160000',
      conflicted: false,
    })
  }
  return found
}

/** An unmerged file (`U`) has no old id in git's answer. */
function objectBefore(letters: string, mode: string, id: string, name: string): string | undefined {
  if (FILE_MODE.test(mode)) return id
  return letters.startsWith('U') ? name : undefined
}

function statusOf(letters: string, wasFile: boolean): Difference['status'] {
  if (letters.startsWith('R')) return 'renamed'
  if (letters.startsWith('D')) return 'deleted'
  return wasFile ? 'modified' : 'added'
}
