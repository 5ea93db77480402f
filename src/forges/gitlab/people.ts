import type { Person } from '../forge.ts'
import { type Connection, read } from './connection.ts'
import { currentJob, currentUser } from './replies.ts'

/** Users of access tokens, service accounts and GitLab's own helpers are named by GitLab; only `GET /user` says outright who is a bot. */
const BOT = /^(project|group)_\d+_bot|^service_account_|[-_]bot\d*$|^gitlabduo$/i

export function personOf({ id, username, bot }: { id: number; username: string; bot?: boolean | null | undefined }): Person {
  return { id, login: username, isBot: bot ?? BOT.test(username) }
}

/** Who the token belongs to; with a job's, who started the job. */
export async function fetchIdentity(gitlab: Connection): Promise<Person> {
  if (gitlab.access.kind === 'job') return personOf(read(currentJob, (await gitlab.requester.get('job')).body, 'a job').user)
  return personOf(read(currentUser, await gitlab.users.showCurrentUser(), 'a user'))
}
