import type { StubReply, StubRequest } from '../stub-server.ts'
import { type Actor, type Actors, maySee } from './actors.ts'
import type { OperationId } from './description.ts'
import { notFound, Refusal } from './refusal.ts'
import type { AppFacts } from './shapes/account.ts'
import type { Shapes } from './shapes.ts'
import type { Account, Pull, State, StubRepository } from './state.ts'

/** One request, understood. */
export interface Call {
  id: OperationId
  state: State
  actors: Actors
  actor: Actor | undefined
  request: StubRequest
  /** Parts of the path. */
  path: Record<string, string>
  query: URLSearchParams
  body: Body
  /** Base address of the stub. */
  url: string
  app: AppFacts
  shapes: Shapes
  violations: string[]
}

// biome-ignore lint/suspicious/noExplicitAny: checked against the description before it comes here
export type Body = Record<string, any>

export type Operations = Partial<Record<OperationId, (call: Call) => StubReply | Promise<StubReply>>>

/** The repository the path names, when whoever asks may see it. */
export function repositoryOf({ state, actor, path }: Call): StubRepository {
  const name = `${path.owner}/${path.repo}`.toLowerCase()
  const found = state.repositories.find((repository) => repository.names[0]?.toLowerCase() === name)
  if (!found || !maySee(actor, found)) throw notFound()
  return found
}

export function pullOf(call: Call): Pull {
  const repository = repositoryOf(call)
  const number = Number(call.path.pull_number ?? call.path.issue_number)
  const found = call.state.pulls.find((pull) => pull.repository === repository && pull.number === number)
  if (!found) throw notFound()
  return found
}

/** Who a comment is by. */
export function authorOf({ actor }: Call): { author: Account; isOfApp: boolean } {
  if (!actor || actor.kind === 'app') throw new Refusal(401, 'Requires authentication')
  return { author: actor.account, isOfApp: actor.kind === 'installation' && actor.isOfApp }
}

/** One page of a list, with the links to the others. */
export function page<Item>({ query, request, url }: Call, items: readonly Item[], shape: (item: Item) => unknown): StubReply {
  const { from, to, link } = pageBounds(query, request, url, items.length)
  return { status: 200, headers: link, body: inOrder(items, request.isShuffled).slice(from, to).map(shape) }
}

/** The same for the lists that come in an object with `total_count`. */
export function countedPage<Item>(call: Call, name: string, items: readonly Item[], shape: (item: Item) => unknown): StubReply {
  const reply = page(call, items, shape)
  return { ...reply, body: { total_count: items.length, [name]: reply.body } }
}

function pageBounds(
  query: URLSearchParams,
  request: StubRequest,
  url: string,
  count: number,
): { from: number; to: number; link: Record<string, string> } {
  const size = Math.min(100, Math.max(1, Number(query.get('per_page') ?? 30) || 30))
  const number = Math.max(1, Number(query.get('page') ?? 1) || 1)
  const last = Math.max(1, Math.ceil(count / size))
  const links: string[] = []
  const add = (rel: string, to: number): void => {
    const others = new URLSearchParams(query)
    others.set('page', String(to))
    links.push(`<${url}${request.path}?${others}>; rel="${rel}"`)
  }
  if (number > 1) add('prev', number - 1)
  if (number < last) {
    add('next', number + 1)
    add('last', last)
  }
  if (number > 1) add('first', 1)
  return { from: (number - 1) * size, to: number * size, link: links.length > 0 ? { link: links.join(', ') } : {} }
}

function inOrder<Item>(items: readonly Item[], isShuffled: boolean): readonly Item[] {
  return isShuffled ? [...items.filter((_, index) => index % 2 === 1), ...items.filter((_, index) => index % 2 === 0).reverse()] : items
}
