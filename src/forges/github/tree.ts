import { z } from 'zod'
import type { Tree } from '../change.ts'
import { Gone } from '../forge.ts'
import { decode, MAX_FILE_BYTES } from '../local/contents.ts'
import type { Client } from './client.ts'

const ENTRY = z.object({ path: z.string(), mode: z.string(), type: z.string(), sha: z.string(), size: z.number().nullish() })
const TREE = z.object({ truncated: z.boolean(), tree: z.array(ENTRY) })
const BLOB = z.object({ content: z.string(), encoding: z.string(), size: z.number().nullish() })
const MAX_FOLDERS = 2000

interface File {
  sha: string
  bytes: number | undefined
}

/** A repository at a commit, by one listing and one request for each file that is read. */
export function treeOf(connect: <T>(work: (client: Client) => Promise<T>) => Promise<T>, sha: string): Tree {
  let listing: Promise<Map<string, File>> | undefined
  const files = () => {
    listing ??= connect((client) => listFiles(client, sha)).catch((error: unknown) => {
      listing = undefined
      throw error
    })
    return listing
  }
  return {
    list: async () => [...(await files()).keys()],
    async read(path) {
      const file = (await files()).get(path)
      if (!file || (file.bytes ?? 0) > MAX_FILE_BYTES) return undefined
      return connect((client) => readBlob(client, file.sha))
    },
  }
}

/** Links and submodules are left out. A tree over 100,000 entries is cut off: then each folder is asked for. */
async function listFiles(client: Client, commit: string): Promise<Map<string, File>> {
  const files = new Map<string, File>()
  const whole = await fetchTree(client, commit, true)
  const add = (entry: z.infer<typeof ENTRY>, path: string) => {
    if (entry.type === 'blob' && entry.mode.startsWith('100')) files.set(path, { sha: entry.sha, bytes: entry.size ?? undefined })
  }
  if (!whole.truncated) {
    for (const entry of whole.tree) add(entry, entry.path)
    return files
  }
  const folders = [{ sha: commit, path: '' }]
  for (let asked = 0; asked < MAX_FOLDERS; asked += 1) {
    const folder = folders.shift()
    if (!folder) break
    for (const entry of (await fetchTree(client, folder.sha, false)).tree) {
      add(entry, `${folder.path}${entry.path}`)
      if (entry.type === 'tree') folders.push({ sha: entry.sha, path: `${folder.path}${entry.path}/` })
    }
  }
  return files
}

function fetchTree(client: Client, sha: string, isRecursive: boolean): Promise<z.infer<typeof TREE>> {
  const asked = { route: 'GET /repos/{owner}/{repo}/git/trees/{tree_sha}', needs: 'Contents: read' }
  return client.read(asked, TREE, { tree_sha: sha, ...(isRecursive && { recursive: '1' }) })
}

async function readBlob(client: Client, sha: string): Promise<string | undefined> {
  try {
    const asked = { route: 'GET /repos/{owner}/{repo}/git/blobs/{file_sha}', needs: 'Contents: read' }
    const blob = await client.read(asked, BLOB, { file_sha: sha })
    const bytes = Buffer.from(blob.content, blob.encoding === 'base64' ? 'base64' : 'utf8')
    if (bytes.length > MAX_FILE_BYTES) return undefined
    const contents = decode(bytes)
    return 'text' in contents ? contents.text : undefined
  } catch (error) {
    if (error instanceof Gone) return undefined
    throw error
  }
}
