/** Makes a git repository of `examples/shop`, with a branch that goes wrong in a dozen ways, and reviews that branch. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const shop = join(import.meta.dirname, 'shop')
const repository = mkdtempSync(join(tmpdir(), 'pgwitness-shop-'))

function git(...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=Shop', '-c', 'user.email=shop@example.com', '-c', 'commit.gpgsign=false', ...args], {
    cwd: repository,
    stdio: 'ignore',
  })
}

git('init', '--initial-branch=main')
cpSync(join(shop, 'main'), repository, { recursive: true })
git('add', '.')
git('commit', '-m', 'The shop as it is in production')
git('switch', '-c', 'summer-release')
cpSync(join(shop, 'branch'), repository, { recursive: true })
git('add', '.')
git('commit', '-m', 'Summer release')

console.log(
  `The shop's history is on main, its changes are on summer-release. Reviewing them:\n\n$ pgwitness review ${process.argv.slice(2).join(' ')}\n`,
)
const { status } = spawnSync(process.execPath, [join(import.meta.dirname, '../src/cli.ts'), 'review', ...process.argv.slice(2)], {
  cwd: repository,
  stdio: 'inherit',
})
rmSync(repository, { recursive: true })

// Findings are what the demo is for; only a failure to review is a failure of the demo.
process.exitCode = status === 1 ? 0 : (status ?? 2)
