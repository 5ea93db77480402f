import { z } from 'zod'
import type { MergeRequest, Status } from '../forge.ts'
import { CHECK_NAME } from './check-run.ts'
import type { Client } from './client.ts'
import type { Identity } from './credentials.ts'
import { AUTHOR } from './merge-request.ts'

/** GitHub's limit. */
const MAX_DESCRIPTION_LENGTH = 140

const STATUS = z.object({ id: z.number(), context: z.string(), state: z.string(), description: z.string().nullish(), creator: AUTHOR })

const STATES: Record<Status['state'], string> = {
  queued: 'pending',
  running: 'pending',
  success: 'success',
  neutral: 'success',
  failure: 'failure',
  cancelled: 'error',
}

/** What a person's token can say of a commit: check runs, and with them annotations, are for Apps. */
export async function ensureCommitStatus(client: Client, me: Identity, request: MergeRequest, status: Status): Promise<void> {
  const asked = { route: 'GET /repos/{owner}/{repo}/commits/{ref}/statuses', needs: 'Commit statuses: read' }
  const found = await client.list(asked, STATUS, { ref: request.headSha })
  const [newest] = found.filter(({ context, creator }) => context === CHECK_NAME && creator?.id === me.id).sort((a, b) => b.id - a.id)
  const state = STATES[status.state]
  const description = status.title.replace(/\s+/g, ' ').trim().slice(0, MAX_DESCRIPTION_LENGTH)
  if (newest?.state === state && newest.description === description) return
  const written = { route: 'POST /repos/{owner}/{repo}/statuses/{sha}', needs: 'Commit statuses: write' }
  await client.write(written, z.unknown(), { sha: request.headSha, state, context: CHECK_NAME, description })
}
