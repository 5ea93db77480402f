import type { Account, StubRepository } from '../state.ts'

/** Where this GitHub is, and the app it knows. */
export interface Place {
  url: string
  app: AppFacts
}

export interface AppFacts {
  id: number
  slug: string
  clientId: string
}

export type Shape = Record<string, unknown>

const EVENTS = ['check_run', 'issue_comment', 'pull_request', 'pull_request_review_comment']
/** What workflows act as. */
const ACTIONS: AppFacts = { id: 15_368, slug: 'github-actions', clientId: 'Iv1.05c79e9ad1f6bdfa' }

/** Names an object for GraphQL. */
export function nodeId(kind: string, id: number): string {
  return `${kind}_kwDO${Buffer.from(String(id)).toString('base64url')}`
}

export function accountShape({ url }: Place, { id, login, type }: Account): Shape {
  return {
    id,
    login,
    type,
    node_id: nodeId(type === 'Bot' ? 'BOT' : 'U', id),
    url: `${url}/users/${encodeURIComponent(login)}`,
    html_url: `${url}/${type === 'Bot' ? `apps/${login.replace('[bot]', '')}` : login}`,
    site_admin: false,
  }
}

/** Our app, or the one that workflows act as. */
export function appShape(place: Place, isOurs = true): Shape {
  const { id, slug, clientId } = isOurs ? place.app : ACTIONS
  return {
    id,
    slug,
    client_id: clientId,
    node_id: nodeId('A', id),
    name: slug,
    owner: accountShape(place, { id: 9919, login: isOurs ? 'acme' : 'github', type: 'Organization' }),
    events: EVENTS,
  }
}

export function repositoryShape(place: Place, { id, name, names, owner, isArchived }: StubRepository): Shape {
  const { url } = place
  return {
    id,
    node_id: nodeId('R', id),
    name,
    full_name: names[0],
    owner: accountShape(place, owner),
    private: true,
    visibility: 'private',
    fork: false,
    archived: isArchived,
    disabled: false,
    default_branch: 'main',
    url: `${url}/repos/${names[0]}`,
    html_url: `${url}/${names[0]}`,
    clone_url: `${url}/${names[0]}.git`,
  }
}
