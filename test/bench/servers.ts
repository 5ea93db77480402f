import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Clone, DatabaseError, Notice, Step, StepOutcome } from '../../src/clones/clone.ts'
import type { Binaries } from '../../src/clones/native/binaries.ts'

/** A throw-away cluster on a socket in a folder of its own, stopped and removed when disposed. Root runs it as `postgres`. */
export async function startServer({ major, bin }: Binaries): Promise<Clone> {
  const folder = mkdtempSync(join(tmpdir(), `facts-${major}-`))
  const isRoot = process.getuid?.() === 0
  if (isRoot) execFileSync('chown', ['postgres', folder])
  const run = (command: string, args: string[]): void => {
    const own = isRoot ? ['setpriv', '--reuid', 'postgres', '--regid', 'postgres', '--clear-groups'] : []
    const [file = '', ...rest] = [...own, join(bin, command), ...args]
    const done = spawnSync(file, rest, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
    if (done.status !== 0) throw new Error(`${command} of Postgres ${major}: ${done.stderr || done.error?.message}`)
  }
  const data = join(folder, 'data')
  run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '--no-locale', '-E', 'UTF8'])
  run('pg_ctl', [
    '-D',
    data,
    '-w',
    '-l',
    join(folder, 'log'),
    '-o',
    `-c listen_addresses='' -k ${folder} -c fsync=off -c timezone=UTC`,
    'start',
  ])
  const client = new pg.Client({ host: folder, user: 'postgres', database: 'postgres' })
  await client.connect()
  const [row] = (await client.query("SELECT current_setting('server_version') AS version")).rows
  return {
    ...speak(client),
    provider: 'local',
    data: 'nothing',
    pid: undefined,
    resetSession: ['set session authorization default', 'reset role', 'reset all', 'discard temp'],
    postgres: major,
    version: String(row.version),
    skipped: [],
    cached: false,
    async [Symbol.asyncDispose]() {
      await client.end()
      run('pg_ctl', ['-D', data, '-m', 'immediate', 'stop'])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Every value as the server writes it, which is how clones give them. */
const AS_TEXT = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig

function speak(client: pg.Client): Pick<Clone, 'query' | 'run' | 'batch'> {
  let notices: Notice[] = []
  client.on('notice', ({ severity = '', code = '', message = '' }) => notices.push({ severity, code, message }))
  async function take({ sql, name, parameters = [] }: Step): Promise<StepOutcome> {
    notices = []
    const started = performance.now()
    const outcome = (values: StepOutcome['values'], error?: DatabaseError): StepOutcome => {
      return { ms: performance.now() - started, notices, values, parts: [], skipped: false, ...(error && { error }) }
    }
    try {
      if (name === undefined) await client.query([sql].flat().join(';\n'))
      else return outcome((await client.query({ text: String(sql), values: parameters, types: AS_TEXT })).rows)
      return outcome([])
    } catch (error) {
      if (error instanceof pg.DatabaseError) return outcome([], { code: error.code ?? '', message: error.message })
      throw error
    }
  }
  return {
    query: async <Row>(sql: string, parameters: unknown[] = []) => (await client.query(sql, parameters)).rows as Row[],
    run: async (sql) => await take({ sql }),
    async batch(steps) {
      const outcomes: StepOutcome[] = []
      for (const step of steps) {
        const skipped = !step.always && outcomes.some(({ error }) => error)
        outcomes.push(skipped ? { ms: 0, notices: [], values: [], parts: [], skipped } : await take(step))
      }
      return outcomes
    },
  }
}
