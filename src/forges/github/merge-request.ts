import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { FileDiff } from '../diff.ts'
import { readPatch } from '../diff.ts'
import { type GitAccess, Gone, type MergeRequest, type MergeRequestRef, type Person } from '../forge.ts'
import type { Client } from './client.ts'

/** Null for an account that is gone. */
export const AUTHOR = z.object({ id: z.number(), login: z.string(), type: z.string() }).nullish()

const PULL = z.object({
  title: z.string(),
  html_url: z.string(),
  state: z.string(),
  merged_at: z.string().nullish(),
  draft: z.boolean().nullish(),
  user: AUTHOR,
  base: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.number(), full_name: z.string() }) }),
  head: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.number() }).nullable() }),
})

const FILE = z.object({
  filename: z.string(),
  previous_filename: z.string().nullish(),
  status: z.string(),
  patch: z.string().nullish(),
})

/** GitHub shows what an account that is gone wrote as by this one. */
export function authorOf(author: z.infer<typeof AUTHOR>): Person {
  return author ? { id: author.id, login: author.login, isBot: author.type === 'Bot' } : { id: 0, login: 'ghost', isBot: false }
}

export async function fetchPull(client: Client, ref: MergeRequestRef): Promise<MergeRequest> {
  const asked = { route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}', needs: 'Pull requests: read' }
  const pull = await client.read(asked, PULL, { pull_number: ref.number })
  const { base, head } = pull
  // A repository that was renamed leaves its name to whoever takes it.
  if (base.repo.id !== ref.repositoryId) throw new Gone(`GitHub: ${ref.repository} is another repository now`)
  return {
    ...ref,
    repository: base.repo.full_name,
    title: pull.title,
    url: pull.html_url,
    state: pull.merged_at ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
    isDraft: pull.draft ?? false,
    author: authorOf(pull.user),
    target: { branch: base.ref, sha: base.sha },
    source: { branch: head.ref, repositoryId: head.repo?.id },
    headSha: head.sha,
    baseSha: await fetchMergeBase(client, base.sha, head.sha),
  }
}

/** The first page of a comparison has all files, the others only commits: one commit of the second page is the least that tells the merge base. */
async function fetchMergeBase(client: Client, base: string, head: string): Promise<string> {
  const asked = { route: 'GET /repos/{owner}/{repo}/compare/{basehead}', needs: 'Contents: read' }
  const schema = z.object({ merge_base_commit: z.object({ sha: z.string() }) })
  try {
    return (await client.read(asked, schema, { basehead: `${base}...${head}`, per_page: 1, page: 2 })).merge_base_commit.sha
  } catch (error) {
    if (!(error instanceof Gone)) throw error
    throw new UserError('The pull request and its target branch have no commit in common, so there is no telling what changed.')
  }
}

/** Of the newest head: GitHub shows at most 3000 files. One without a patch is binary, too large, or only renamed. */
export async function fetchFiles(client: Client, number: number): Promise<FileDiff[]> {
  const asked = { route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}/files', needs: 'Pull requests: read' }
  const files = await client.list(asked, FILE, { pull_number: number })
  return files.map(({ filename, previous_filename, status, patch }) => ({
    path: filename,
    previousPath: status === 'renamed' ? (previous_filename ?? undefined) : undefined,
    status: statusOf(status),
    lines: patch ? readPatch(patch) : [],
  }))
}

function statusOf(status: string): FileDiff['status'] {
  if (status === 'added' || status === 'copied') return 'added'
  return status === 'removed' ? 'deleted' : status === 'renamed' ? 'renamed' : 'modified'
}

/** A token goes only to where the API is: `github.com` beside `api.github.com`, else the same host. */
export async function fetchClone(client: Client, ref: MergeRequestRef, apiUrl: string): Promise<Pick<GitAccess, 'url' | 'headRef'>> {
  const asked = { route: 'GET /repos/{owner}/{repo}', needs: 'Metadata: read' }
  const repository = await client.read(asked, z.object({ id: z.number(), clone_url: z.url() }))
  if (repository.id !== ref.repositoryId) throw new Gone(`GitHub: ${ref.repository} is another repository now`)
  const [clone, api] = [new URL(repository.clone_url), new URL(apiUrl)]
  if (clone.protocol !== api.protocol || (clone.host !== api.host && `api.${clone.host}` !== api.host))
    throw new UserError(`The repository is on ${clone.host}, the API on ${api.host}: no token is sent from one to the other.`)
  return { url: clone.href, headRef: (number) => `refs/pull/${number}/head` }
}
