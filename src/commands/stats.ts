import { writeFile } from 'node:fs/promises'
import { exportStatistics } from '../assemble-clones.ts'
import { readEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import { abortOnSignals } from './abort.ts'

interface ExportOptions {
  url?: string
  output?: string
  values: boolean
  schema: string[]
}

/** `pgwitness stats export`. */
export async function runStatsExport(options: ExportOptions): Promise<void> {
  const url = options.url ?? urlOf(readEnvironment().variable)
  const { json, notes } = await exportStatistics({ url, values: options.values, schemas: options.schema }, abortOnSignals())
  for (const note of notes) console.error(`pgwitness: ${note}`)
  if (options.output === undefined) process.stdout.write(json)
  else await write(options.output, json)
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600 })
  } catch (error) {
    throw new UserError(`${path} cannot be written: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

/** From the variables that every client of Postgres reads. */
function urlOf(variable: (name: string) => string | undefined): string {
  const [host, database] = [variable('PGHOST'), variable('PGDATABASE')]
  if (host === undefined || database === undefined) {
    throw new UserError(
      'Name the database: --url postgres://user@host/database, or PGHOST, PGDATABASE and the other variables that psql reads.',
    )
  }
  const [user, password] = [variable('PGUSER'), variable('PGPASSWORD')].map((part) => part && encodeURIComponent(part))
  const login = user === undefined ? '' : `${user}${password === undefined ? '' : `:${password}`}@`
  const parameters = new URLSearchParams({
    ...(variable('PGSSLMODE') && { sslmode: variable('PGSSLMODE') ?? '' }),
    ...(host.startsWith('/') && { host }),
  })
  return `postgres://${login}${host.startsWith('/') ? '' : host}${variable('PGPORT') ? `:${variable('PGPORT')}` : ''}/${encodeURIComponent(database)}?${parameters}`
}
