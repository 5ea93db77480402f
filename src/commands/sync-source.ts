import { type Knowledge, openSource, previewSync } from '../assemble-knowledge.ts'
import { UserError } from '../errors.ts'
import type { SourceDeclaration } from '../knowledge/declaration.ts'
import type { SyncReport } from '../knowledge/knowledge-base.ts'
import type { ReadContext, Source } from '../knowledge/source.ts'

/** Of one source: what a sync did, or why it could not. */
export type SyncOutcome = { source: string; report: SyncReport } | { source: string; report: undefined; error: unknown }

/** Throws only when the signal ends it. Without a knowledge base, or with `isDry`, nothing is stored. `open` may give a source that remembers what it read. */
export async function syncSource(
  knowledge: Knowledge | undefined,
  declaration: SourceDeclaration,
  { signal, progress, isDry }: ReadContext & { isDry: boolean },
  open = (): Promise<Source> => openSource(declaration),
): Promise<SyncOutcome> {
  const { name } = declaration
  const context = { signal, progress: (what: string) => progress(`${name}: ${what}`) }
  try {
    const counting = counted(await open())
    const report =
      knowledge === undefined || isDry
        ? await previewSync(knowledge, name, counting, context)
        : await knowledge.base.sync(name, counting, context)
    // What was not read at all may be an address that is wrong; the exit code should say so.
    const isNothing = report.failed.length > 0 && report.added + report.changed + report.unchanged === 0
    if (isNothing) return { source: name, report: undefined, error: new UserError(`nothing of it could be read: ${reasonsOf(report)}`) }
    return { source: name, report }
  } catch (error) {
    signal.throwIfAborted()
    return { source: name, report: undefined, error }
  }
}

const TOLD = 3

function reasonsOf({ failed }: SyncReport): string {
  const told = failed.slice(0, TOLD).map(({ key, reason }) => `${key}: ${reason}`)
  return [...told, ...(failed.length > TOLD ? [`and ${failed.length - TOLD} more`] : [])].join('; ')
}

/** Its progress says how far it is. */
function counted(source: Source): Source {
  return {
    async *read(known, context) {
      let documents = 0
      const progress = (what: string): void => context.progress(documents === 0 ? what : `${documents} read, ${what}`)
      for await (const item of source.read(known, { ...context, progress })) {
        documents++
        yield item
      }
    },
  }
}
