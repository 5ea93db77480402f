import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ServiceError, UserError } from '../../errors.ts'
import { type Engine, type InstanceStatus, openEngine } from './engine.ts'

/** One engine; docs/configuration.md describes the settings of the same names. */
export interface DblabEngine {
  url: string
  token: string | undefined
  postgres?: number | undefined
  database?: string | undefined
  branch?: string | undefined
  snapshot?: string | undefined
  accessHost?: string | undefined
  caFile?: string | undefined
  insecure?: boolean | undefined
  protectionMinutes?: number | undefined
  extraConf?: Record<string, string> | undefined
}

interface Chosen {
  engine: Engine
  settings: DblabEngine
  status: InstanceStatus
}

interface Wanted {
  engines: readonly DblabEngine[]
  /** Major version. */
  postgres: number
  requestMs: number
}

/**
 * The engine of the wanted major: stated in the configuration, or told by its image. One whose major nobody knows will do when no other is there; one
 * that fails, when another is there, is passed over.
 */
export async function chooseEngine({ engines, postgres, requestMs }: Wanted, signal: AbortSignal): Promise<Chosen> {
  const majors: string[] = []
  let unknown: Chosen | undefined
  let failure: ServiceError | undefined
  for (const settings of engines.filter((one) => one.postgres === undefined || one.postgres === postgres)) {
    const { url, token, insecure } = settings
    const engine = openEngine({ url, token, ca: readCertificate(settings.caFile), insecure, requestMs })
    let status: InstanceStatus
    try {
      status = await engine.status(signal)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      failure ??= error
      continue
    }
    const major = settings.postgres ?? majorOf(status.provisioner.dockerImage)
    if (major === postgres) return { engine, settings, status }
    if (major === undefined) unknown ??= { engine, settings, status }
    else majors.push(`${engine.url.host} has ${major}`)
  }
  if (unknown) return unknown
  if (failure) throw failure
  const there = [
    ...engines.flatMap((one) => (one.postgres === undefined ? [] : [`${new URL(one.url).host} has ${one.postgres}`])),
    ...majors,
  ]
  throw new UserError(`No DBLab Engine has Postgres ${postgres}: ${there.join(', ')}. Say which it is with \`postgres:\` or --postgres.`)
}

/** `postgresai/extended-postgres:16-0.5.1`. */
function majorOf(image: string): number | undefined {
  const tag = /:(\d{2})(?!\d)/.exec(image)?.[1]
  return tag === undefined ? undefined : Number(tag)
}

function readCertificate(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UserError(`dblab.engines[].caFile: ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
  try {
    new X509Certificate(text)
    return text
  } catch {
    throw new UserError(`dblab.engines[].caFile: ${path} holds no certificate (-----BEGIN CERTIFICATE-----).`)
  }
}
