import type { Config } from './config-file.ts'

export type { Config } from './config-file.ts'

export const CONFIG_FILE = '.pgwitness.yml'

/** What holds where no configuration says otherwise: most runs have none, and need not load what reads one. */
export const DEFAULTS: Config = {
  postgres: 18,
  clone: 'embedded',
  failOn: 'high',
  migrations: [],
  ignore: [],
  rules: { enable: [], disable: [], severity: {} },
  baseline: '.pgwitness-baseline.json',
  limits: { statementSeconds: 20, reviewSeconds: 900 },
}

/** What the environment says. The only place that reads it. */
export interface Environment {
  cacheDir: string
  colour: boolean | undefined
  ci: boolean
}

/** `PGWITNESS_CACHE_DIR`, else the user's cache folder; `NO_COLOR` and `FORCE_COLOR` as everywhere. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const home = env.XDG_CACHE_HOME || (env.HOME ? `${env.HOME}/.cache` : '/tmp')
  return {
    cacheDir: env.PGWITNESS_CACHE_DIR || `${home}/pgwitness`,
    colour: env.NO_COLOR ? false : env.FORCE_COLOR ? !/^(?:0|false)$/i.test(env.FORCE_COLOR) : undefined,
    ci: Boolean(env.CI),
  }
}
