import { readFile } from 'node:fs/promises'
import { startService } from '../assemble-service.ts'
import { readEnvironment, readServiceEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import { parseServiceConfig, type ServiceConfig } from '../service-config.ts'

const PORT = 3000

export interface ServeOptions {
  port?: number
  host: string
  data: string
  role?: 'web' | 'worker'
  config?: string
  /** Seconds. */
  grace: number
}

/** `pgwitness serve`: until SIGTERM or SIGINT, after which it finishes what it can within the grace and hands back the rest. */
export async function runServe(options: ServeOptions): Promise<void> {
  const config = await readServiceConfig(options.config)
  const environment = readServiceEnvironment()
  if (options.role && environment.databaseUrl === undefined)
    throw new UserError(`--role ${options.role} needs the other half to work with: set DATABASE_URL for both, or leave --role out.`)
  if (options.role !== 'web' && config.clone === 'template' && readEnvironment().templateUrl === undefined)
    throw new UserError('`clone: template` copies the database that PGWITNESS_TEMPLATE_URL names, and that is not set.')
  const service = await startService({
    // One machine may run both halves: a worker listens only when told where.
    port: options.port ?? (options.role === 'worker' ? undefined : PORT),
    host: options.host,
    dataDir: options.data,
    isWeb: options.role !== 'worker',
    isWorker: options.role !== 'web',
    config,
    environment,
  })
  await new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.once(name, () => {
        // The second time it ends at once.
        process.once(name, () => process.exit(130))
        resolve()
      })
  })
  await service.stop(options.grace * 1000)
  // A library may still hold a timer.
  process.exit(0)
}

async function readServiceConfig(path: string | undefined): Promise<ServiceConfig> {
  if (path === undefined) return parseServiceConfig('', 'the configuration')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
  return parseServiceConfig(text, path)
}
