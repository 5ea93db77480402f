import type { Config } from './config-file.ts'
import { UserError } from './errors.ts'

export type { Config } from './config-file.ts'

export const CONFIG_FILE = '.pgwitness.yml'

/** Names that `clone:` and `--clone` take, beside the URL of a database. */
export const CLONES = ['auto', 'local', 'embedded', 'twin', 'template', 'dblab', 'none'] as const

/** What holds where no configuration says otherwise: most runs have none, and need not load what reads one. */
export const DEFAULTS: Config = {
  postgres: 18,
  clone: 'auto',
  dblab: { engines: [] },
  failOn: 'high',
  migrations: [],
  ignore: [],
  rules: { enable: [], disable: [], severity: {} },
  baseline: '.pgwitness-baseline.json',
  limits: { statementSeconds: 20, reviewSeconds: 900, budgetSeconds: 300, cloneGigabytes: 4 },
}

/** What the environment says. The only place that reads it. */
export interface Environment {
  cacheDir: string
  colour: boolean | undefined
  ci: boolean
  /** `PATH`. */
  path: string
  /** Folders with Postgres's programs: `PGWITNESS_POSTGRES_BIN`, separated like PATH. */
  postgresBin: string[]
  /** `PGWITNESS_TEMPLATE_URL`: the database that template clones are copies of. */
  templateUrl: string | undefined
  /** `PGWITNESS_SCRIPT_URL`: how scripts connect to template clones, when the role of the template's URL is a superuser. */
  scriptUrl: string | undefined
  /** A variable that the configuration names. */
  variable(name: string): string | undefined
}

/** `PGWITNESS_CACHE_DIR`, else the user's cache folder; `NO_COLOR` and `FORCE_COLOR` as everywhere. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const home = env.XDG_CACHE_HOME || (env.HOME ? `${env.HOME}/.cache` : '/tmp')
  return {
    cacheDir: env.PGWITNESS_CACHE_DIR || `${home}/pgwitness`,
    colour: env.NO_COLOR ? false : env.FORCE_COLOR ? !/^(?:0|false)$/i.test(env.FORCE_COLOR) : undefined,
    ci: Boolean(env.CI),
    path: env.PATH ?? '',
    postgresBin: (env.PGWITNESS_POSTGRES_BIN ?? '').split(':').filter(Boolean),
    templateUrl: env.PGWITNESS_TEMPLATE_URL || undefined,
    scriptUrl: env.PGWITNESS_SCRIPT_URL || undefined,
    variable: (name) => env[name] || undefined,
  }
}

/** Variables that git needs to find its programs and its way out of this network. Nothing else of ours reaches it. */
const FOR_GIT = /^(?:PATH|TMPDIR|SystemRoot|(?:https?|all|no)_proxy|SSL_CERT_(?:FILE|DIR)|CURL_CA_BUNDLE|GIT_SSL_CA(?:INFO|PATH))$/i

/** What git's programs are started with when they fetch from a forge. */
export function readGitEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (FOR_GIT.test(name) && value ? [[name, value]] : [])))
}

/** The CI job that this process is a step of, by the variables that GitHub Actions and GitLab CI set. */
export type CiEnvironment = GithubCiEnvironment | GitlabCiEnvironment

export interface GithubCiEnvironment {
  ci: 'github'
  /** `GITHUB_EVENT_NAME`: `pull_request`, `push`, `merge_group`, `workflow_run`, … */
  event: string
  /** `GITHUB_EVENT_PATH`: a file with the event as JSON. */
  eventPath: string
  /** Root of the API: `GITHUB_API_URL`. */
  apiUrl: string
  /** `GITHUB_TOKEN`, which a workflow has to hand to its steps. A secret. */
  token: string | undefined
  /** Files that the step's outputs and its summary are added to: `GITHUB_OUTPUT`, `GITHUB_STEP_SUMMARY`. */
  outputPath: string | undefined
  summaryPath: string | undefined
}

/** https://docs.gitlab.com/ci/variables/predefined_variables/ */
export interface GitlabCiEnvironment {
  ci: 'gitlab'
  /** Root of the instance: `CI_SERVER_URL`. */
  url: string
  /** `PGWITNESS_GITLAB_TOKEN`. A secret, as the next. */
  token: string | undefined
  /** `CI_JOB_TOKEN`: reads a merge request, and may write nothing to it. */
  jobToken: string | undefined
  /** `CI_PROJECT_ID` and `CI_PROJECT_PATH`: where the pipeline runs, for a merge request of a fork mostly the fork. */
  projectId: number
  projectPath: string
  mergeRequest: GitlabMergeRequestEnvironment | undefined
  /** `CI_COMMIT_BEFORE_SHA`: what the branch was at before a push; zeros when there was nothing. */
  beforeSha: string | undefined
}

interface GitlabMergeRequestEnvironment {
  iid: number
  /** `CI_MERGE_REQUEST_PROJECT_ID` and `…_PATH`: of the target. */
  projectId: number
  projectPath: string
  sourceProjectId: number | undefined
  /** `CI_MERGE_REQUEST_SOURCE_BRANCH_SHA`, which only pipelines for merged results and merge trains have, else `CI_COMMIT_SHA`. */
  headSha: string
  /** `CI_MERGE_REQUEST_DIFF_BASE_SHA`: the merge base. */
  baseSha: string | undefined
  /** `CI_MERGE_REQUEST_TARGET_BRANCH_SHA`, for merged results and merge trains. */
  targetSha: string | undefined
}

/** Undefined outside of CI, and in a CI that is not known. */
export function readCiEnvironment(env: NodeJS.ProcessEnv = process.env): CiEnvironment | undefined {
  if (env.GITHUB_ACTIONS === 'true' && env.GITHUB_EVENT_PATH)
    return {
      ci: 'github',
      event: env.GITHUB_EVENT_NAME ?? '',
      eventPath: env.GITHUB_EVENT_PATH,
      apiUrl: addressOf(env.GITHUB_API_URL, 'GITHUB_API_URL') ?? 'https://api.github.com',
      token: env.GITHUB_TOKEN || undefined,
      outputPath: env.GITHUB_OUTPUT || undefined,
      summaryPath: env.GITHUB_STEP_SUMMARY || undefined,
    }
  if (env.GITLAB_CI !== 'true') return undefined
  return {
    ci: 'gitlab',
    url: addressOf(env.PGWITNESS_GITLAB_URL || env.CI_SERVER_URL, 'CI_SERVER_URL') ?? 'https://gitlab.com',
    token: env.PGWITNESS_GITLAB_TOKEN || undefined,
    jobToken: env.CI_JOB_TOKEN || undefined,
    projectId: Number(env.CI_PROJECT_ID),
    projectPath: env.CI_PROJECT_PATH ?? '',
    mergeRequest: gitlabMergeRequestOf(env),
    beforeSha: env.CI_COMMIT_BEFORE_SHA || undefined,
  }
}

function gitlabMergeRequestOf(env: NodeJS.ProcessEnv): GitlabMergeRequestEnvironment | undefined {
  if (!env.CI_MERGE_REQUEST_IID) return undefined
  return {
    iid: Number(env.CI_MERGE_REQUEST_IID),
    projectId: Number(env.CI_MERGE_REQUEST_PROJECT_ID ?? env.CI_PROJECT_ID),
    projectPath: env.CI_MERGE_REQUEST_PROJECT_PATH ?? env.CI_PROJECT_PATH ?? '',
    sourceProjectId: env.CI_MERGE_REQUEST_SOURCE_PROJECT_ID ? Number(env.CI_MERGE_REQUEST_SOURCE_PROJECT_ID) : undefined,
    headSha: env.CI_MERGE_REQUEST_SOURCE_BRANCH_SHA || env.CI_COMMIT_SHA || '',
    baseSha: env.CI_MERGE_REQUEST_DIFF_BASE_SHA || undefined,
    targetSha: env.CI_MERGE_REQUEST_TARGET_BRANCH_SHA || undefined,
  }
}

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
export function readServiceEnvironment(env: NodeJS.ProcessEnv = process.env): ServiceEnvironment {
  const github = githubOf(env)
  const gitlab = gitlabOf(env)
  if (!github && !gitlab)
    throw new UserError(
      'No forge is configured. GitHub: PGWITNESS_GITHUB_APP_ID, PGWITNESS_GITHUB_PRIVATE_KEY, PGWITNESS_GITHUB_WEBHOOK_SECRET. GitLab: PGWITNESS_GITLAB_TOKEN, PGWITNESS_GITLAB_WEBHOOK_SECRET or PGWITNESS_GITLAB_SIGNING_TOKEN. See docs/service.md.',
    )
  return { databaseUrl: databaseUrlOf(env.DATABASE_URL), github, gitlab, logLevel: logLevelOf(env.PGWITNESS_LOG_LEVEL) }
}

/** The knowledge base: where it is, and what makes its vectors. */
export interface KnowledgeEnvironment {
  /** `DATABASE_URL`; storage is embedded without it. */
  databaseUrl: string | undefined
  /** `DATABASE_REPLICA_URL`: where searches go. */
  replicaUrl: string | undefined
  /** Undefined without `PGWITNESS_EMBEDDING_MODEL`: nothing is sent anywhere unless it is asked for. */
  embedding: EmbeddingEnvironment | undefined
}

interface EmbeddingEnvironment {
  /** Root of the API, without `/embeddings`: `PGWITNESS_EMBEDDING_URL`. */
  url: string
  /** `PGWITNESS_EMBEDDING_KEY`, and for OpenAI itself also `OPENAI_API_KEY`. A secret; servers of one's own may want none. */
  key: string | undefined
  /** `PGWITNESS_EMBEDDING_MODEL` and `PGWITNESS_EMBEDDING_DIMENSIONS`. */
  model: string
  dimensions: number
  /** Texts a request, and requests at once: `PGWITNESS_EMBEDDING_BATCH` and `PGWITNESS_EMBEDDING_PARALLEL`. */
  batch: number
  parallel: number
  /** US dollars a million tokens, for `kb stats`: `PGWITNESS_EMBEDDING_PRICE`. */
  price: number | undefined
}

const OPENAI_URL = 'https://api.openai.com/v1'
/** https://platform.openai.com/docs/guides/embeddings */
const DIMENSIONS: Record<string, number> = {
  'text-embedding-3-small': 1536,
  'text-embedding-3-large': 3072,
  'text-embedding-ada-002': 1536,
}
/** What pgvector can index as `halfvec`. */
const MOST_DIMENSIONS = 4000

/** A UserError says which variable is missing or wrong. */
export function readKnowledgeEnvironment(env: NodeJS.ProcessEnv = process.env): KnowledgeEnvironment {
  const replicaUrl = databaseUrlOf(env.DATABASE_REPLICA_URL, 'DATABASE_REPLICA_URL')
  if (replicaUrl && !env.DATABASE_URL)
    throw new UserError('DATABASE_REPLICA_URL is of a replica of the database of DATABASE_URL: set that too.')
  return { databaseUrl: databaseUrlOf(env.DATABASE_URL), replicaUrl, embedding: embeddingOf(env) }
}

/** OpenAI takes 2,048 texts; vectors of more requests are much to hold in memory. */
const MOST_AT_ONCE = { texts: 2048, requests: 32 }

function wholeNumber(env: NodeJS.ProcessEnv, name: string, most: number): number | undefined {
  const text = env[name]
  if (!text) return undefined
  if (/^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= most) return Number(text)
  throw new UserError(`${name} is no whole number from 1 to ${most}.`)
}

function embeddingOf(env: NodeJS.ProcessEnv): EmbeddingEnvironment | undefined {
  const model = env.PGWITNESS_EMBEDDING_MODEL
  if (!model) return undefined
  const url = addressOf(env.PGWITNESS_EMBEDDING_URL, 'PGWITNESS_EMBEDDING_URL') ?? OPENAI_URL
  const key = env.PGWITNESS_EMBEDDING_KEY || (url === OPENAI_URL && env.OPENAI_API_KEY) || undefined
  if (key === undefined && url === OPENAI_URL)
    throw new UserError(
      `${model} of OpenAI needs a key: set PGWITNESS_EMBEDDING_KEY or OPENAI_API_KEY; or PGWITNESS_EMBEDDING_URL for another server.`,
    )
  const dimensions = env.PGWITNESS_EMBEDDING_DIMENSIONS ? Number(env.PGWITNESS_EMBEDDING_DIMENSIONS) : DIMENSIONS[model]
  if (dimensions === undefined) throw new UserError(`Set PGWITNESS_EMBEDDING_DIMENSIONS: how long the vectors of ${model} are.`)
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > MOST_DIMENSIONS)
    throw new UserError(`PGWITNESS_EMBEDDING_DIMENSIONS is no whole number from 1 to ${MOST_DIMENSIONS}.`)
  const price = env.PGWITNESS_EMBEDDING_PRICE ? Number(env.PGWITNESS_EMBEDDING_PRICE) : undefined
  if (price !== undefined && !(price >= 0 && price < 1e6))
    throw new UserError('PGWITNESS_EMBEDDING_PRICE is no price in US dollars a million tokens: 0.02')
  const batch = wholeNumber(env, 'PGWITNESS_EMBEDDING_BATCH', MOST_AT_ONCE.texts) ?? 128
  const parallel = wholeNumber(env, 'PGWITNESS_EMBEDDING_PARALLEL', MOST_AT_ONCE.requests) ?? 4
  return { url, key, model, dimensions, batch, parallel, price }
}

/** What the knowledge base reads of the environment, for docs/knowledge.md. */
export const KNOWLEDGE_VARIABLES: Record<string, string> = {
  DATABASE_URL:
    'Postgres 14 or newer, the service\u2019s: `postgres://user:password@host/database`. Without it storage is embedded, in the folder `--data`.',
  DATABASE_REPLICA_URL:
    'A streaming replica of it, for searches. While that cannot be asked, or has not got the migrations yet, they go to `DATABASE_URL`.',
  PGWITNESS_EMBEDDING_MODEL:
    'Turns on search by meaning: model of an endpoint that speaks OpenAI\u2019s API, `text-embedding-3-small`. All texts of the knowledge base and all questions are sent there.',
  PGWITNESS_EMBEDDING_URL: 'Root of its API. By default `https://api.openai.com/v1`.',
  PGWITNESS_EMBEDDING_KEY: 'Its key. For OpenAI itself `OPENAI_API_KEY` will do.',
  PGWITNESS_EMBEDDING_DIMENSIONS: 'Length of its vectors, at most 4000. Only OpenAI\u2019s models are known without.',
  PGWITNESS_EMBEDDING_BATCH:
    'Texts a request, by default 128. A server that takes fewer is found out by trying; 32 for text-embeddings-inference spares that.',
  PGWITNESS_EMBEDDING_PARALLEL: 'Requests at once, by default 4.',
  PGWITNESS_EMBEDDING_PRICE: 'What a million tokens cost, in US dollars, for `kb stats`. Of OpenAI\u2019s models it is known.',
}

/** It may hold a password, so it is not repeated. */
function databaseUrlOf(text: string | undefined, name = 'DATABASE_URL'): string | undefined {
  if (!text || /^postgres(?:ql)?:\/\//.test(text)) return text || undefined
  throw new UserError(`${name} is no address of a Postgres: postgres://user:password@host/database.`)
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

/** Without the slash at its end. */
function addressOf(text: string | undefined, name: string): string | undefined {
  if (!text) return undefined
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw new UserError(`${name} is not an address: https://…`)
  return text.replace(/\/+$/, '')
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
