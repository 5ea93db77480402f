/** `node ingest.ts URL manual|MBOX`: syncs the manual or a file of mails into a database, as a process of its own so that its memory is its own. */
import { openPostgres } from '../../../src/database/postgres.ts'
import { postgresKnowledgeBase } from '../../../src/knowledge/postgres.ts'
import { mailingListSource } from '../../../src/knowledge/sources/mailing-list.ts'
import { describeSync, storeManual } from './stored-manual.ts'

const [url = '', what = ''] = process.argv.slice(2)
const database = await openPostgres(url)
const base = await postgresKnowledgeBase(database)
console.log(describeSync(await (what === 'manual' ? storeManual(base) : storeMbox(what))))
await base.close()
await database.close()

async function storeMbox(path: string) {
  const list = { name: 'list', type: 'mailing-list', list: 'list', path, trustedAuthors: [] } as const
  await base.declare({ ...list, trustedAuthors: [] })
  return await base.sync(list.name, mailingListSource({ ...list, trustedAuthors: [] }), {
    signal: new AbortController().signal,
    progress() {},
  })
}
