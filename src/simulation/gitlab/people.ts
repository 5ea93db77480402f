import { accessOf } from './instance.ts'
import { presentProject, presentUser } from './present.ts'
import { notFound } from './refusal.ts'
import { boolean, projectOf, route, text } from './route.ts'

/** docs.gitlab.com: api/users, api/projects, api/members, api/metadata. */
export const PEOPLE = [
  route('GET', '/user', {}, ({ instance, user }) => ({
    status: 200,
    body: { ...presentUser(instance, user), bot: user.isBot, email: `${user.username}@example.com` },
  })),
  // Authors of notes come without `bot`: it is only here.
  route('GET', '/users/:user', {}, ({ instance, at }) => {
    const user = instance.users.find(({ id }) => String(id) === at.user)
    if (!user) throw notFound('User')
    return { status: 200, body: { ...presentUser(instance, user), bot: user.isBot } }
  }),
  route('GET', '/users', { username: text.optional() }, ({ instance, params }) => {
    const users = instance.users.filter(({ username }) => (params.username ?? username) === username)
    return { status: 200, body: users.map((user) => presentUser(instance, user)) }
  }),
  route('GET', '/projects/:id', { license: boolean.optional(), statistics: boolean.optional() }, (call) => ({
    status: 200,
    body: presentProject(call.instance, projectOf(call)),
  })),
  // With those who have their role from a group; `members/:id` leaves them out.
  route('GET', '/projects/:id/members/all/:user', {}, (call) => {
    const project = projectOf(call)
    const user = call.instance.users.find(({ id }) => String(id) === call.at.user)
    const access = user ? accessOf(project, user) : 0
    if (!user || access === 0) throw notFound()
    return {
      status: 200,
      body: { ...presentUser(call.instance, user), access_level: access, expires_at: null, membership_state: 'active' },
    }
  }),
  route('GET', '/metadata', {}, () => ({ status: 200, body: { version: '18.6.0', revision: 'stub', enterprise: false } })),
  route('GET', '/version', {}, () => ({ status: 200, body: { version: '18.6.0', revision: 'stub' } })),
]
