import { z } from 'zod'
import { Gone, type Person } from '../forge.ts'
import type { Client } from './client.ts'

const PERMISSION = z.object({ permission: z.string(), user: z.object({ id: z.number() }).nullish() })

/** What somebody may do in the repository. `permission` has the coarse names: `maintain` is `write`, `triage` is `read`. */
export async function fetchPermission(client: Client, person: Person): Promise<'none' | 'read' | 'write'> {
  try {
    const asked = { route: 'GET /repos/{owner}/{repo}/collaborators/{username}/permission', needs: 'Metadata: read' }
    const { permission, user } = await client.read(asked, PERMISSION, { username: person.login })
    // Logins are given up and taken by others; ids stay.
    if (user?.id !== person.id) return 'none'
    if (permission === 'admin' || permission === 'write') return 'write'
    return permission === 'read' ? 'read' : 'none'
  } catch (error) {
    if (error instanceof Gone) return 'none'
    throw error
  }
}
