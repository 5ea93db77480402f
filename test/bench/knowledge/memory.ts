/** The most memory that a process holds which stores the manual, and one that stores a gigabyte of mail. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../run.ts'
import { newMailWriter } from './mail-writer.ts'
import { writeMbox } from './mbox.ts'
import { pagesOf, readPlainManual } from './plain-manual.ts'
import { startBenchServer } from './server.ts'

const MBOX_BYTES = 1024 ** 3
const INGEST = join(import.meta.dirname, 'ingest.ts')

export async function benchMemory(bytes = MBOX_BYTES): Promise<void> {
  const manual = readPlainManual()
  if (!manual) return console.log('memory: needs the manual: apt-get install postgresql-doc-15')
  const folder = mkdtempSync(join(tmpdir(), 'bench-memory-'))
  try {
    const path = join(folder, 'list.mbox')
    const mails = await writeMbox(path, bytes, newMailWriter(pagesOf(manual).map(({ text }) => text)))
    await using server = await startBenchServer()
    await ingest('the manual', server.url, 'manual')
    await ingest(`${mails.toLocaleString('en')} mails, ${Math.round(statSync(path).size / 1024 ** 2)} MB`, server.url, path)
    await ingest('the same again', server.url, path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function ingest(name: string, url: string, what: string): Promise<void> {
  const { seconds, megabytes, code, output } = await run(process.execPath, [INGEST, url, what], process.cwd())
  console.log(
    `memory: ${name}: ${code === 0 ? output.trim() : `failed: ${output.slice(-500)}`}; ${seconds.toFixed(0)} s, at most ${megabytes} MB`,
  )
}
