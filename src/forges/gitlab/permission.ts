import { Gone, type MergeRequestRef, type Person } from '../forge.ts'
import { type Connection, read } from './connection.ts'
import { member, project, userState } from './replies.ts'

/** Developer. From here on one may push to branches that are not protected. */
const DEVELOPER = 30
/** Below is minimal access, which opens no project. */
const GUEST = 10

/** Membership of the project or a group above it; everybody may read what is public, and everybody with an account what is internal. */
export async function fetchPermission(
  gitlab: Connection,
  { repositoryId }: MergeRequestRef,
  { id }: Person,
): Promise<'none' | 'read' | 'write'> {
  const found = await unlessGone(gitlab.members.show(repositoryId, id, { includeInherited: true }))
  if (found !== undefined) {
    const { access_level: level, state, membership_state: membership, expires_at: expires } = read(member, found, 'a member')
    const isBlocked = (state ?? 'active') !== 'active' || (membership ?? 'active') !== 'active'
    // Access ends when that day begins, in UTC; GitLab removes the membership some time after.
    const isOver = expires ? expires.slice(0, 10) <= new Date().toISOString().slice(0, 10) : false
    if (isBlocked || isOver) return 'none'
    if (level >= GUEST) return level >= DEVELOPER ? 'write' : 'read'
  }
  const { visibility } = read(project, await gitlab.projects.show(repositoryId), 'a project')
  if (visibility !== 'public' && visibility !== 'internal') return 'none'
  const user = await unlessGone(gitlab.users.show(id))
  return user !== undefined && (read(userState, user, 'a user').state ?? 'active') === 'active' ? 'read' : 'none'
}

async function unlessGone(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Gone) return undefined
    throw error
  }
}
