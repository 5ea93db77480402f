import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CachedRepository, LOCAL_MS, packsOf, refsOf } from './cached-repository.ts'
import { packEnvironment } from './environment.ts'
import { CorruptedCache } from './git-closed.ts'
import { run } from './run.ts'

/** One pack of many: each fetch adds one, and git looks through all of them. Whoever is reading goes on. The caller is alone with the repository. */
export async function repack(repository: CachedRepository, signal: AbortSignal): Promise<void> {
  const { folder, environment, limits } = repository
  const packs = (await readdir(packsOf(folder)).catch(() => [])).filter((name) => name.endsWith('.pack'))
  if (packs.length <= limits.packs) return
  const options = { env: packEnvironment(environment, folder), cwd: folder, timeoutMs: LOCAL_MS }
  const result = await run(['repack', '-a', '-d', '-q'], options, signal).catch((error: unknown) => {
    signal.throwIfAborted()
    throw new CorruptedCache('git repack did not end', { cause: error })
  })
  if (result.code !== 0) throw new CorruptedCache('git repack failed')
  await forgetOldRefs(folder, limits.refs)
}

/** Each fetch begins with telling the server all commits that are here, and which of them have no history: of thousands that would be more than what comes. */
async function forgetOldRefs(folder: string, kept: number): Promise<void> {
  const names = await readdir(refsOf(folder)).catch(() => [])
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(refsOf(folder), name)
      return { path, time: (await stat(path)).mtimeMs, sha: (await readFile(path, 'utf8')).trim() }
    }),
  )
  const newest = found.sort((a, b) => b.time - a.time)
  for (const { path } of newest.slice(kept)) await rm(path, { force: true })
  const told = new Set(newest.slice(0, kept).map(({ sha }) => sha))
  const shallow = await readFile(join(folder, 'shallow'), 'utf8').catch(() => '')
  const lines = shallow.split('\n').filter((sha) => told.has(sha))
  await writeFile(join(folder, 'shallow'), lines.map((sha) => `${sha}\n`).join(''))
}
