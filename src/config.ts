import { type CiEnvironment, ciEnvironmentOf } from './ci-environment.ts'
import type { Config } from './config-file.ts'
import { type KnowledgeEnvironment, knowledgeEnvironmentOf } from './knowledge-environment.ts'
import { type ServiceEnvironment, serviceEnvironmentOf } from './service-environment.ts'

export type { CiEnvironment, GithubCiEnvironment, GitlabCiEnvironment } from './ci-environment.ts'
export type { Config } from './config-file.ts'
export type { KnowledgeEnvironment } from './knowledge-environment.ts'
export type { GithubEnvironment, GitlabEnvironment, ServiceEnvironment } from './service-environment.ts'

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

/** Undefined outside of CI, and in a CI that is not known. */
export function readCiEnvironment(env: NodeJS.ProcessEnv = process.env): CiEnvironment | undefined {
  return ciEnvironmentOf(env)
}

/** A UserError names every variable that is missing: a secret is never optional. */
export function readServiceEnvironment(env: NodeJS.ProcessEnv = process.env): ServiceEnvironment {
  return serviceEnvironmentOf(env)
}

/** A UserError says which variable is missing or wrong. */
export function readKnowledgeEnvironment(env: NodeJS.ProcessEnv = process.env): KnowledgeEnvironment {
  return knowledgeEnvironmentOf(env)
}
