import { addressOf, databaseUrlOf } from './address.ts'
import { UserError } from './errors.ts'

/** A forge is on when its variables are set. Lists are separated by white space or commas: while a secret is changed the old and the new one count. */
export interface ServiceEnvironment {
  /** `DATABASE_URL`; storage is embedded without it. */
  databaseUrl: string | undefined
  github: GithubEnvironment | undefined
  gitlab: GitlabEnvironment | undefined
  /** `PGWITNESS_LOG_LEVEL`. */
  logLevel: string
}

export interface GithubEnvironment {
  /** Number of the App: `PGWITNESS_GITHUB_APP_ID`. */
  appId: string
  /** PEM, or its base64: `PGWITNESS_GITHUB_PRIVATE_KEY`; `PGWITNESS_GITHUB_PRIVATE_KEY_FILE` names a file with it. */
  privateKey: string | undefined
  privateKeyFile: string | undefined
  /** `PGWITNESS_GITHUB_WEBHOOK_SECRET`. */
  webhookSecrets: string[]
  /** Root of the API: `PGWITNESS_GITHUB_URL`, for GitHub Enterprise `https://HOST/api/v3`. */
  url: string
}

export interface GitlabEnvironment {
  /** `PGWITNESS_GITLAB_TOKEN`. */
  token: string
  /** `PGWITNESS_GITLAB_WEBHOOK_SECRET`. */
  webhookSecrets: string[]
  /** `whsec_…`: `PGWITNESS_GITLAB_SIGNING_TOKEN`. With one, unsigned webhooks are refused. */
  signingTokens: string[]
  /** Root of the instance: `PGWITNESS_GITLAB_URL`. */
  url: string
}

/** A UserError names every variable that is missing: a secret is never optional. */
export function serviceEnvironmentOf(env: NodeJS.ProcessEnv): ServiceEnvironment {
  const github = githubOf(env)
  const gitlab = gitlabOf(env)
  if (!github && !gitlab)
    throw new UserError(
      'No forge is configured. GitHub: PGWITNESS_GITHUB_APP_ID, PGWITNESS_GITHUB_PRIVATE_KEY, PGWITNESS_GITHUB_WEBHOOK_SECRET. GitLab: PGWITNESS_GITLAB_TOKEN, PGWITNESS_GITLAB_WEBHOOK_SECRET or PGWITNESS_GITLAB_SIGNING_TOKEN. See docs/service.md.',
    )
  return { databaseUrl: databaseUrlOf(env.DATABASE_URL), github, gitlab, logLevel: logLevelOf(env.PGWITNESS_LOG_LEVEL) }
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error']

function logLevelOf(text: string | undefined): string {
  if (!text || LOG_LEVELS.includes(text)) return text || 'info'
  throw new UserError(`PGWITNESS_LOG_LEVEL is none of ${LOG_LEVELS.join(', ')}.`)
}

function githubOf(env: NodeJS.ProcessEnv): GithubEnvironment | undefined {
  const given = Object.keys(env).filter((name) => name.startsWith('PGWITNESS_GITHUB_') && name !== 'PGWITNESS_GITHUB_URL' && env[name])
  if (given.length === 0) return undefined
  const missing = [
    ...(env.PGWITNESS_GITHUB_APP_ID ? [] : ['PGWITNESS_GITHUB_APP_ID']),
    ...(env.PGWITNESS_GITHUB_PRIVATE_KEY || env.PGWITNESS_GITHUB_PRIVATE_KEY_FILE ? [] : ['PGWITNESS_GITHUB_PRIVATE_KEY']),
    ...(listOf(env.PGWITNESS_GITHUB_WEBHOOK_SECRET).length > 0 ? [] : ['PGWITNESS_GITHUB_WEBHOOK_SECRET']),
  ]
  if (missing.length > 0)
    throw new UserError(`GitHub needs ${missing.join(', ')} too. A webhook without a secret could be sent by anybody.`)
  return {
    appId: env.PGWITNESS_GITHUB_APP_ID ?? '',
    privateKey: env.PGWITNESS_GITHUB_PRIVATE_KEY || undefined,
    privateKeyFile: env.PGWITNESS_GITHUB_PRIVATE_KEY_FILE || undefined,
    webhookSecrets: listOf(env.PGWITNESS_GITHUB_WEBHOOK_SECRET),
    url: addressOf(env.PGWITNESS_GITHUB_URL, 'PGWITNESS_GITHUB_URL') ?? 'https://api.github.com',
  }
}

function gitlabOf(env: NodeJS.ProcessEnv): GitlabEnvironment | undefined {
  const given = Object.keys(env).filter((name) => name.startsWith('PGWITNESS_GITLAB_') && name !== 'PGWITNESS_GITLAB_URL' && env[name])
  if (given.length === 0) return undefined
  const webhookSecrets = listOf(env.PGWITNESS_GITLAB_WEBHOOK_SECRET)
  const signingTokens = listOf(env.PGWITNESS_GITLAB_SIGNING_TOKEN)
  const missing = [
    ...(env.PGWITNESS_GITLAB_TOKEN ? [] : ['PGWITNESS_GITLAB_TOKEN']),
    ...(webhookSecrets.length + signingTokens.length > 0 ? [] : ['PGWITNESS_GITLAB_WEBHOOK_SECRET or PGWITNESS_GITLAB_SIGNING_TOKEN']),
  ]
  if (missing.length > 0)
    throw new UserError(`GitLab needs ${missing.join(', ')} too. A webhook without a secret could be sent by anybody.`)
  if (signingTokens.some((token) => !/^whsec_[A-Za-z0-9+/]+=*$/.test(token)))
    throw new UserError('PGWITNESS_GITLAB_SIGNING_TOKEN is not a signing token: those begin with whsec_ and go on in base64.')
  return {
    token: env.PGWITNESS_GITLAB_TOKEN ?? '',
    webhookSecrets,
    signingTokens,
    url: addressOf(env.PGWITNESS_GITLAB_URL, 'PGWITNESS_GITLAB_URL') ?? 'https://gitlab.com',
  }
}

function listOf(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter(Boolean)
}

/** What the service reads of the environment, for docs/service.md. */
export const SERVICE_VARIABLES: Record<string, string> = {
  DATABASE_URL:
    'Postgres 14 or newer for storage and queue, also through PgBouncer in transaction mode: `postgres://user:password@host/database`. Without it storage is embedded, in the folder `--data`.',
  PGWITNESS_GITHUB_APP_ID: 'Number of the GitHub App.',
  PGWITNESS_GITHUB_PRIVATE_KEY: 'Its private key, PEM or base64 of it.',
  PGWITNESS_GITHUB_PRIVATE_KEY_FILE: 'A file with the private key, instead.',
  PGWITNESS_GITHUB_WEBHOOK_SECRET: 'Its webhook secret. Several, separated by commas, while one takes the place of another.',
  PGWITNESS_GITHUB_URL: 'Root of the API: `https://HOST/api/v3` on GitHub Enterprise Server. By default `https://api.github.com`.',
  PGWITNESS_GITLAB_TOKEN: 'Access token of a project, a group or a bot, with the scope `api` and at least the role Developer.',
  PGWITNESS_GITLAB_WEBHOOK_SECRET: 'Secret token of the webhook. Several, separated by commas, while one takes the place of another.',
  PGWITNESS_GITLAB_SIGNING_TOKEN:
    'Signing token of the webhook (`whsec_…`, GitLab 19). With one, webhooks that are not signed are refused, whatever their secret token.',
  PGWITNESS_GITLAB_URL: 'Root of the instance. By default `https://gitlab.com`.',
  PGWITNESS_LOG_LEVEL: '`debug`, `info`, `warn` or `error`. By default `info`.',
}
