/** Revisions of pages: the server's own, behind what else they depend on. */
import { createHash } from 'node:crypto'

/** Changes with how pages are read and what was asked for: a prefix of revisions. */
export function revisionPrefix(settings: unknown): string {
  return `${createHash('sha256').update(JSON.stringify(settings)).digest('base64url').slice(0, 8)} `
}

/** Revisions of the server among the known ones: those of another prefix are as if unknown. */
export function serverRevisions(known: ReadonlyMap<string, string>, prefix: string): Map<string, string> {
  const own = [...known].filter(([, revision]) => revision.startsWith(prefix))
  return new Map(own.map(([key, revision]) => [key, revision.slice(prefix.length)]))
}
