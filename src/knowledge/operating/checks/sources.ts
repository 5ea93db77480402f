/** Sources that were never read to their end, or not for long. */
import { SCHEMA } from '../../../database/database.ts'
import { SourceDeclaration } from '../../declaration.ts'
import type { Check, Found } from './check.ts'

const DAY_MS = 86_400_000

export const sources: Check = {
  looksAt: 'sources',
  async find(session, { staleDays }) {
    const rows = await session.query<{ name: string; declaration: unknown; documents: number; synced_at: Date | null; now: Date }>(
      `select name, declaration, documents::float8 as documents, synced_at, now() as now from ${SCHEMA}.sources order by name`,
    )
    return rows.flatMap(({ name, declaration, documents, synced_at, now }): Found[] => {
      const common = { source: name, count: 1, examples: [] }
      const { success, data } = SourceDeclaration.safeParse(declaration)
      if (!success)
        return [
          {
            ...common,
            kind: 'unfinished',
            what: `the declaration of ${name} is not one that this version knows`,
            advice: `Declare it again: pgwitness kb add --name ${name} …`,
          },
        ]
      const sync = data.imported
        ? `Import a newer file, or point it to a place on this machine (pgwitness kb add --name ${name} …) and pgwitness kb sync ${name}.`
        : `pgwitness kb sync ${name}`
      if (synced_at === null) {
        const what = documents === 0 ? `${name} is declared, and was never read` : `${name} was begun, and never read to its end`
        return [
          { ...common, kind: 'unfinished', what, advice: data.imported ? 'Import its file again; that goes on.' : `${sync} goes on.` },
        ]
      }
      const days = Math.floor((now.getTime() - synced_at.getTime()) / DAY_MS)
      if (days <= staleDays) return []
      return [{ ...common, kind: 'not-synced', what: `${name} was last synced ${days} days ago`, advice: sync }]
    })
  },
}
