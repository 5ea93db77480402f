import { isUtf8 } from 'node:buffer'
import { ServiceError } from '../../errors.ts'
import type { Tree } from '../change.ts'
import { Gone, type MergeRequestRef } from '../forge.ts'
import { type Connection, listAll } from './connection.ts'
import { treeEntry } from './replies.ts'

const MAX_FILE_BYTES = 10 * 1024 * 1024
/** Modes of files as git has them: a symbolic link is 120000, a submodule 160000. */
const FILE_MODES = new Set(['100644', '100755', '100664'])

/** The repository at a commit, file by file. Links are not followed: only what is listed as a file is read. */
export function treeByApi(open: () => Connection, { repositoryId }: MergeRequestRef, sha: string): Tree {
  let listing: Promise<string[]> | undefined
  const list = () => {
    listing ??= listFiles(open(), repositoryId, sha)
    // A failure is not kept: whoever asks again gets another try.
    listing.catch(() => {
      listing = undefined
    })
    return listing
  }
  return {
    list,
    read: async (path) => ((await list()).includes(path) ? readFile(open(), repositoryId, sha, path) : undefined),
  }
}

async function listFiles(gitlab: Connection, repositoryId: number, sha: string): Promise<string[]> {
  const query = { ref: sha, recursive: 'true', pagination: 'keyset' }
  const entries = await listAll(gitlab, `projects/${repositoryId}/repository/tree`, treeEntry, query)
  return entries.filter(({ type, mode }) => type === 'blob' && FILE_MODES.has(mode)).map(({ path }) => path)
}

async function readFile(gitlab: Connection, repositoryId: number, sha: string, path: string): Promise<string | undefined> {
  try {
    const bytes: unknown = (
      await gitlab.requester.get(`projects/${repositoryId}/repository/files/${encodeURIComponent(path)}/raw`, {
        searchParams: { ref: sha },
        asStream: true,
      })
    ).body
    if (!Buffer.isBuffer(bytes)) throw new ServiceError('GitLab', 'answered without a file')
    return bytes.length > MAX_FILE_BYTES || bytes.includes(0) || !isUtf8(bytes) ? undefined : bytes.toString()
  } catch (error) {
    if (error instanceof Gone) return undefined
    throw error
  }
}
