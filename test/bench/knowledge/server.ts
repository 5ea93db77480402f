import { ADMIN, newCluster } from '../../../src/clones/local/cluster.ts'
import { localBinaries } from '../../../src/clones/local.ts'

const MAJOR = 18

/** A Postgres as people have one for such a database: memory for what is read often, and otherwise as it comes. */
const SETTINGS = {
  shared_buffers: '1GB',
  maintenance_work_mem: '256MB',
  max_wal_size: '4GB',
  temp_file_limit: '-1',
  jit: 'on',
}

export interface BenchServer extends AsyncDisposable {
  url: string
}

export async function startBenchServer(): Promise<BenchServer> {
  const cluster = newCluster(localBinaries({ postgres: MAJOR }), SETTINGS)
  await cluster.initialise()
  await cluster.start(new AbortController().signal)
  return {
    url: `postgres://${ADMIN}@/postgres?host=${cluster.folder}`,
    [Symbol.asyncDispose]: async () => await cluster.remove(),
  }
}
