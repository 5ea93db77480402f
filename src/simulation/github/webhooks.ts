import { createHmac, randomUUID } from 'node:crypto'
import type { StubWebhook, WebhookDetails } from '../stub-forge.ts'
import { full, type GithubWebhookKind, payloadOf } from './hook-payloads.ts'
import type { Shapes } from './shapes.ts'
import type { Pull, State } from './state.ts'

interface Sent {
  state: State
  shapes: Shapes
  /** What the delivery is signed with. */
  secret: string
  appId: number
}

/** A delivery as GitHub makes it: what happened, said with the state after it. */
export function makeWebhook(sent: Sent, kind: GithubWebhookKind, pull: Pull, details: WebhookDetails = {}): StubWebhook {
  const { state, shapes, appId } = sent
  const { event, payload, by } = payloadOf(state, shapes, kind, pull, details.comment)
  const { installation, owner } = pull.repository
  const sender = details.sender === undefined ? by : state.account(details.sender)
  const body = JSON.stringify({
    ...payload,
    repository: full('repository', shapes.repository(pull.repository)),
    organization: { id: owner.id, login: owner.login },
    sender: full('simple-user', shapes.account(sender)),
    installation: { id: installation.id, node_id: Buffer.from(`Installation${installation.id}`).toString('base64') },
  })
  const sign = (algorithm: string): string =>
    createHmac(algorithm, details.secret ?? sent.secret)
      .update(body)
      .digest('hex')
  return {
    path: '/api/github/webhooks',
    headers: {
      accept: '*/*',
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/4b7c1d2',
      'x-github-delivery': details.delivery ?? randomUUID(),
      'x-github-event': event,
      'x-github-hook-id': '487654321',
      'x-github-hook-installation-target-id': String(appId),
      'x-github-hook-installation-target-type': 'integration',
      'x-hub-signature': `sha1=${sign('sha1')}`,
      'x-hub-signature-256': `sha256=${sign('sha256')}`,
    },
    body,
  }
}
