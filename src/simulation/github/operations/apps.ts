import { type Call, countedPage, type Operations, page, repositoryOf } from '../call.ts'
import { notFound, Refusal } from '../refusal.ts'
import type { Installation } from '../state.ts'

/** The app itself, its installations, and who a token is. */
export const APPS: Operations = {
  'apps/get-authenticated': (call) => {
    demandApp(call)
    return { status: 200, body: { ...(call.shapes.app() as object), installations_count: call.state.installations.length } }
  },
  'apps/get-installation': (call) => ({ status: 200, body: installationShape(call, installationOf(call)) }),
  'apps/list-installations': (call) => {
    demandApp(call)
    // Of one installation the description has the client's id, of a list it has not.
    return page(call, call.state.installations, (one) => ({ ...installationShape(call, one), client_id: undefined }))
  },
  'apps/get-repo-installation': (call) => {
    demandApp(call)
    const name = `${call.path.owner}/${call.path.repo}`
    const found = call.state.repositories.find(({ names, isHidden }) => names[0] === name && !isHidden)
    if (!found) throw notFound()
    return { status: 200, body: installationShape(call, found.installation) }
  },
  'apps/create-installation-access-token': (call) => {
    const installation = installationOf(call)
    if (installation.isSuspended) throw new Refusal(403, 'This installation has been suspended')
    const { permissions = installation.permissions, repository_ids: ids, repositories: names } = call.body
    const own = call.state.repositories.filter((repository) => repository.installation === installation && !repository.isHidden)
    const wanted = ids || names ? own.filter(({ id, name }) => ids?.includes(id) || names?.includes(name)) : undefined
    const asked = (ids?.length ?? 0) + (names?.length ?? 0)
    if (wanted && wanted.length < asked)
      throw new Refusal(422, 'There is at least one repository that does not exist or is not accessible to the parent installation.')
    for (const [name, level] of Object.entries<string>(permissions)) {
      const granted = installation.permissions[name]
      if (granted !== 'write' && granted !== level)
        throw new Refusal(422, 'The permissions requested are not granted to this installation.')
    }
    const { token, expiresAt } = call.actors.issue(
      installation,
      permissions,
      wanted?.map(({ id }) => id),
    )
    const selection = wanted
      ? { repository_selection: 'selected', repositories: wanted.map(call.shapes.repository) }
      : { repository_selection: 'all' }
    return { status: 201, body: { token, expires_at: expiresAt, permissions, ...selection } }
  },
  'apps/list-repos-accessible-to-installation': (call) => {
    const { actor, state } = call
    if (actor?.kind !== 'installation')
      throw new Refusal(403, 'You must authenticate with an installation access token in order to list repositories for an installation.')
    const own = state.repositories.filter(({ installation, isHidden }) => installation.id === actor.installation.id && !isHidden)
    return countedPage(call, 'repositories', own, call.shapes.repository)
  },
  'users/get-authenticated': ({ actor, shapes }) => {
    if (actor?.kind !== 'user') throw new Refusal(403, 'Resource not accessible by integration')
    return { status: 200, body: shapes.account(actor.account) }
  },
  'users/get-by-username': ({ state, path, shapes }) => {
    const account = state.accounts.get((path.username as string).toLowerCase())
    if (!account) throw notFound()
    return { status: 200, body: shapes.account(account) }
  },
  'repos/get': (call) => ({ status: 200, body: call.shapes.repository(repositoryOf(call)) }),
  'repos/get-collaborator-permission-level': (call) => {
    const repository = repositoryOf(call)
    const account = call.state.accounts.get((call.path.username as string).toLowerCase())
    if (!account) throw notFound()
    const permission = repository.permissions.get(account.login.toLowerCase()) ?? 'none'
    return { status: 200, body: { permission, role_name: permission, user: call.shapes.account(account) } }
  },
  'rate-limit/get': () => {
    const core = { limit: 5000, remaining: 5000, reset: Math.ceil(Date.now() / 1000) + 3600, used: 0 }
    return { status: 200, body: { resources: { core, search: core }, rate: core } }
  },
}

/** Only the app itself, by a JWT, may ask about itself. */
function demandApp({ actor }: Call): void {
  if (actor?.kind !== 'app') throw new Refusal(401, 'A JSON web token could not be decoded')
}

function installationOf(call: Call): Installation {
  demandApp(call)
  const found = call.state.installations.find(({ id }) => id === Number(call.path.installation_id))
  if (!found) throw notFound()
  return found
}

function installationShape({ app, shapes, url }: Call, installation: Installation): Record<string, unknown> {
  return {
    id: installation.id,
    app_id: app.id,
    app_slug: app.slug,
    client_id: app.clientId,
    account: shapes.account(installation.owner),
    target_id: installation.owner.id,
    target_type: 'Organization',
    repository_selection: 'all',
    permissions: installation.permissions,
    events: ['pull_request', 'issue_comment', 'pull_request_review_comment', 'check_run'],
    access_tokens_url: `${url}/app/installations/${installation.id}/access_tokens`,
    suspended_at: installation.isSuspended ? '2026-01-06T00:00:00Z' : null,
    suspended_by: null,
  }
}
