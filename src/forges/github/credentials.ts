import { createPrivateKey } from 'node:crypto'
import { App } from '@octokit/app'
import { Octokit } from '@octokit/core'
import { z } from 'zod'
import { ServiceError, UserError } from '../../errors.ts'
import type { MergeRequestRef, Person } from '../forge.ts'
import { type Client, newClient } from './client.ts'
import { Forbidden, failureOf } from './failure.ts'

/** A GitHub App, or a token: of a workflow (`GITHUB_TOKEN`), of another App's installation, of a person. */
export type GithubCredentials = { appId: number | string; privateKey: string } | { token: string }

export interface GithubConnection {
  /** Root of the API, `https://api.github.com` when not told; GitHub Enterprise Server: `https://HOST/api/v3`. */
  baseUrl?: string | undefined
  fetch?: typeof fetch | undefined
}

/** Who we are. `app` tells check runs of ours from those of others; persons have none. */
export interface Identity extends Person {
  app: { id: number } | { slug: string } | undefined
}

/** Acts for a repository. */
export interface Access {
  client(ref: MergeRequestRef, signal: AbortSignal): Promise<Client>
  /** The same at every installation: with no client, one is found. */
  identity(signal: AbortSignal, client?: Client): Promise<Identity>
  /** A token that reads this repository's files and nothing else, where GitHub gives such. */
  gitToken(ref: MergeRequestRef, signal: AbortSignal): Promise<string>
}

const PERSON = z.object({ id: z.number(), login: z.string(), type: z.string() })
const silent = { debug() {}, info() {}, warn() {}, error() {} }

export function newAccess(credentials: GithubCredentials, connection: GithubConnection): Access {
  const OctokitHere = Octokit.defaults({
    baseUrl: connection.baseUrl?.replace(/\/+$/, '') ?? 'https://api.github.com',
    userAgent: 'pgwitness',
    log: silent,
    request: { log: silent, ...(connection.fetch && { fetch: connection.fetch }) },
  })
  return 'token' in credentials ? tokenAccess(OctokitHere, credentials.token) : appAccess(OctokitHere, credentials)
}

function appAccess(OctokitHere: typeof Octokit, { appId, privateKey }: { appId: number | string; privateKey: string }): Access {
  const app = new App({ appId, privateKey: readKey(privateKey), Octokit: OctokitHere, log: silent })
  let known: Identity | undefined
  const asApp = (signal: AbortSignal) => newClient(app.octokit, '', signal)
  const anyClient = async (signal: AbortSignal): Promise<Client> => {
    const asked = { route: 'GET /app/installations', needs: 'none' }
    const [first] = await asApp(signal).read(asked, z.array(z.object({ id: z.number() })), { per_page: 1 })
    return newClient(first ? await app.getInstallationOctokit(first.id) : new OctokitHere(), '', signal)
  }
  const installationOf = async (ref: MergeRequestRef, signal: AbortSignal): Promise<number> => {
    if (ref.installation !== undefined) return ref.installation
    const client = newClient(app.octokit, ref.repository, signal)
    const asked = { route: 'GET /repos/{owner}/{repo}/installation', needs: 'Metadata: read' }
    return (await client.read(asked, z.object({ id: z.number() }))).id
  }
  return {
    async client(ref, signal) {
      const octokit = await app.getInstallationOctokit(await installationOf(ref, signal))
      return newClient(octokit, ref.repository, signal, () => octokit.auth({ type: 'installation', refresh: true }))
    },
    identity: async (signal, client) => (known ??= await appIdentity(asApp(signal), client ?? (await anyClient(signal)))),
    async gitToken(ref, signal) {
      const octokit = await app.getInstallationOctokit(await installationOf(ref, signal))
      try {
        const wanted = { type: 'installation', repositoryIds: [ref.repositoryId], permissions: { contents: 'read' } }
        // A reply that was cut off is kept by the library as a token that is none.
        const token = tokenOf(await octokit.auth(wanted)) ?? tokenOf(await octokit.auth({ ...wanted, refresh: true }))
        if (token === undefined) throw new ServiceError('GitHub', 'the reply with the token for git cannot be read')
        return token
      } catch (error) {
        signal.throwIfAborted()
        throw failureOf(error, { route: 'POST /app/installations/{installation_id}/access_tokens', needs: 'Contents: read' })
      }
    },
  }
}

function tokenOf(authentication: unknown): string | undefined {
  return z.object({ token: z.string().min(1) }).safeParse(authentication).data?.token
}

/** An App acts as the user `SLUG[bot]`. Its id stays when the App is renamed. */
async function appIdentity(app: Client, client: Client): Promise<Identity> {
  const { id, slug } = await app.read({ route: 'GET /app', needs: 'none' }, z.object({ id: z.number(), slug: z.string() }))
  return { ...(await readUser(client, `${slug}[bot]`)), app: { id } }
}

function tokenAccess(OctokitHere: typeof Octokit, given: string): Access {
  const token = given.trim()
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UserError('The token for GitHub is empty or has white space in it.')
  const octokit = new OctokitHere({ auth: token })
  let known: Identity | undefined
  return {
    client: async (ref, signal) => newClient(octokit, ref.repository, signal),
    gitToken: async () => token,
    identity: async (signal) => (known ??= await tokenIdentity(newClient(octokit, '', signal))),
  }
}

/** A workflow's token may not ask who it is by REST; GraphQL tells the login, without its `[bot]` at times. */
async function tokenIdentity(client: Client): Promise<Identity> {
  try {
    return { ...personOf(await client.read({ route: 'GET /user', needs: 'none' }, PERSON)), app: undefined }
  } catch (error) {
    if (!(error instanceof Forbidden)) throw error
  }
  const slug = await viewerSlug(client)
  return { ...(await readUser(client, `${slug}[bot]`)), app: { slug } }
}

async function viewerSlug(client: Client): Promise<string> {
  const schema = z.object({ viewer: z.object({ login: z.string() }) })
  try {
    const { viewer } = await client.query({ route: 'query viewer', needs: 'none' }, schema, 'query { viewer { login } }', {})
    return viewer.login.replace(/\[bot\]$/, '')
  } catch (error) {
    if (error instanceof UserError) return 'github-actions'
    throw error
  }
}

async function readUser(client: Client, username: string): Promise<Person> {
  return personOf(await client.read({ route: 'GET /users/{username}', needs: 'none' }, PERSON, { username }))
}

function personOf({ id, login, type }: z.infer<typeof PERSON>): Person {
  return { id, login, isBot: type === 'Bot' }
}

/** GitHub gives keys as PKCS#1; variables have them with `\n` written out or in base64. The key itself is in no message. */
function readKey(given: string): string {
  const text = given.includes('-----BEGIN') ? given.replaceAll('\\n', '\n') : Buffer.from(given, 'base64').toString()
  try {
    return createPrivateKey(text).export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch {
    throw new UserError("The private key of the GitHub App is not one in PEM. Download it anew from the App's settings.")
  }
}
