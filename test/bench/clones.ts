/** How soon clones are ready. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clone } from '../../src/clones/clone.ts'
import { localClones } from '../../src/clones/local.ts'
import { findBinaries } from '../../src/clones/native/binaries.ts'
import { templateClones } from '../../src/clones/template.ts'
import { startServer } from '../fixtures/servers.ts'

const signal = new AbortController().signal

/** Prints a line for each measure with its target. */
export async function benchClones(): Promise<void> {
  const cacheDir = mkdtempSync(join(tmpdir(), 'pgwitness-bench-'))
  try {
    await benchLocal(cacheDir)
    await benchTemplate()
  } finally {
    rmSync(cacheDir, { recursive: true })
  }
}

async function benchLocal(cacheDir: string): Promise<void> {
  const majors = findBinaries([], process.env.PATH ?? '').map(({ major }) => major)
  const create = async (postgres: number): Promise<Clone> => await localClones({ postgres, cacheDir }).create({ scripts: [] }, signal)
  const fresh = await timed(async () => await create(majors[0] ?? 18))
  console.log(`local clone, nothing cached: ${fresh} ms`)
  const ready = await timed(async () => await create(majors[0] ?? 18))
  console.log(`local clone on a cached template: ${ready} ms, target 500 ms, ratio to an uncached one ${(fresh / ready).toFixed(1)}`)
  for (const major of majors) await (await create(major))[Symbol.asyncDispose]()
  const began = performance.now()
  const all = await Promise.all(majors.map(create))
  console.log(`${majors.length} majors side by side (${majors.join(', ')}): ${Math.round(performance.now() - began)} ms, target 2500 ms`)
  await Promise.all(all.map(async (clone) => await clone[Symbol.asyncDispose]()))
}

async function benchTemplate(): Promise<void> {
  const rows = ["insert into orders (note) select repeat('x', 1000) from generate_series(1, 900000)"]
  await using server = await startServer(18, rows)
  const [size] = await server.query<{ mb: number }>(`select pg_database_size('shop_template') / 1024 / 1024 as mb`)
  const clones = templateClones({ url: server.url('shop_template', 'shop_admin'), scriptUrl: server.url('shop_template') })
  const ms = await timed(async () => await clones.create({ scripts: [] }, signal))
  console.log(`template clone of ${size?.mb} MB: ${ms} ms`)
}

/** Milliseconds until a clone is there; it is given back at once. */
async function timed(create: () => Promise<Clone>): Promise<number> {
  const began = performance.now()
  const clone = await create()
  const ms = Math.round(performance.now() - began)
  await clone[Symbol.asyncDispose]()
  return ms
}
