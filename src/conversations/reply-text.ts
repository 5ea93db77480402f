import { clip, LIMITS } from '../reports/limits.ts'
import { proseMarkdown } from '../reports/markdown-escape.ts'

/** What somebody else wrote, in one line of ours: no mention, no link, no HTML. */
export function proseInReply(text: string): string {
  return proseMarkdown(clip(text.replaceAll(/\s+/g, ' ').trim(), LIMITS.cell))
}

/** Why nothing came of what was asked. The reason may quote Postgres, and with it what a change raises. */
export function refusalText(why: string): string {
  return `That could not be done: ${proseMarkdown(clip(why.replaceAll(/\s+/g, ' ').trim(), LIMITS.paragraph))}`
}
