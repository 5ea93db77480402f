import { type Database, SCHEMA } from '../../database/database.ts'
import { UserError } from '../../errors.ts'
import { removeDocuments } from './store-documents.ts'

const AT_ONCE = 200

/** Piece by piece, as a large one takes long; cut off, the next one goes on. A UserError when it is not there. */
export async function removeSource(database: Database, name: string): Promise<void> {
  for (;;) {
    const rows = await database.query<{ key: string }>(`select key from ${SCHEMA}.documents where source = $1 limit ${AT_ONCE}`, [name])
    if (rows.length === 0) break
    await removeDocuments(
      database,
      name,
      rows.map(({ key }) => key),
    )
  }
  const gone = await database.query(`delete from ${SCHEMA}.sources where name = $1 returning name`, [name])
  if (gone.length === 0) throw new UserError(`There is no source ${name}.`)
  await database.query(`delete from ${SCHEMA}.words where passages <= 0`)
}
