/** The forges a service works with, and their webhooks. */
import { readFile } from 'node:fs/promises'
import type { ServiceEnvironment } from './config.ts'
import { UserError } from './errors.ts'
import type { Forge, ForgeName, MergeRequestRef } from './forges/forge.ts'
import type { WebhookSource } from './web/webhooks.ts'

export interface Forges {
  forgeFor(ref: Pick<MergeRequestRef, 'forge'>): Forge
  forges: Forge[]
  /** By path. */
  webhooks: Map<string, WebhookSource>
  /** Roots of their APIs. */
  addresses: Array<[ForgeName, string]>
  /** Nothing of these may reach a log. */
  secrets: string[]
}

export async function openForges({ github, gitlab }: ServiceEnvironment, signal: AbortSignal): Promise<Forges> {
  const forges = new Map<ForgeName, Forge>()
  const webhooks = new Map<string, WebhookSource>()
  const secrets: string[] = []
  if (github) {
    const { githubForge } = await import('./forges/github.ts')
    const { githubWebhooks } = await import('./forges/github/webhooks.ts')
    const privateKey = await privateKeyOf(github)
    forges.set('github', githubForge({ appId: github.appId, privateKey, baseUrl: github.url }))
    const { verify, read } = githubWebhooks({ secrets: github.webhookSecrets })
    webhooks.set('/api/github/webhooks', {
      forge: 'github', // Not the id of the delivery, which is not signed: a replay could have another.
      deliveryHeaders: ['x-hub-signature-256'],
      verify,
      read,
    })
    secrets.push(privateKey, ...github.webhookSecrets)
  }
  if (gitlab) {
    const { gitlabForge } = await import('./forges/gitlab.ts')
    const { gitlabWebhooks } = await import('./forges/gitlab/webhooks.ts')
    const forge = gitlabForge({ url: gitlab.url, token: gitlab.token })
    forges.set('gitlab', forge)
    // Without the answer a note of our own costs one more question to the forge.
    const identity = await forge.fetchIdentity(signal).catch((error: unknown) => {
      if (error instanceof UserError) throw error
      return undefined
    })
    const { verify, read } = gitlabWebhooks({
      secrets: gitlab.webhookSecrets,
      signingTokens: gitlab.signingTokens,
      ownUserId: identity?.id,
    })
    webhooks.set('/api/gitlab/webhooks', {
      forge: 'gitlab',
      // The first is covered by the signature, where there is one.
      deliveryHeaders: ['webhook-id', 'idempotency-key', 'x-gitlab-event-uuid'],
      verify: (headers, body) => verify(headers, body, new Date()),
      read: async (headers, body) => read(headers, body),
    })
    secrets.push(gitlab.token, ...gitlab.webhookSecrets, ...gitlab.signingTokens)
  }
  return {
    forges: [...forges.values()],
    addresses: [
      ...(github ? [['github', github.url] as [ForgeName, string]] : []),
      ...(gitlab ? [['gitlab', gitlab.url] as [ForgeName, string]] : []),
    ],
    webhooks,
    secrets,
    forgeFor({ forge: name }) {
      const forge = forges.get(name)
      if (!forge) throw new UserError(`A job is about ${name}, which is not configured here.`)
      return forge
    },
  }
}

async function privateKeyOf({ privateKey, privateKeyFile }: NonNullable<ServiceEnvironment['github']>): Promise<string> {
  const given = privateKey ?? (await readKeyFile(privateKeyFile ?? ''))
  // Variables with line ends are often written with \n, or as base64.
  const text = given.includes('-----BEGIN')
    ? given.replaceAll('\\n', '\n').replaceAll('\r\n', '\n')
    : Buffer.from(given, 'base64').toString()
  if (!/^-----BEGIN (?:RSA )?PRIVATE KEY-----\n/.test(text.trim()))
    throw new UserError('PGWITNESS_GITHUB_PRIVATE_KEY is no private key: give the PEM file that GitHub made for the App, or base64 of it.')
  return text.trim()
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UserError(`PGWITNESS_GITHUB_PRIVATE_KEY_FILE cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}
