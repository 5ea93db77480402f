import type { TransactionMode } from '../sql/statement.ts'

/** SQL a change would run, and how its tool runs it. */
export interface Script {
  path: string
  tool: Tool
  direction: 'up' | 'down'
  /** The whole file as it stands on disk. */
  text: string
  /** Same length as `text`, with everything that is not this script's SQL (other parts, directives, templates) blanked or filled. */
  sql: string
  transaction: TransactionMode
  /** What was filled or left out, for the reader: `{{ .Table }} is a template`. */
  notes: string[]
}

export const TOOLS = [
  'sql',
  'flyway',
  'golang-migrate',
  'goose',
  'dbmate',
  'sqlx',
  'diesel',
  'prisma',
  'drizzle',
  'supabase',
  'atlas',
  'tern',
  'node-pg-migrate',
  'pop',
] as const
export type Tool = (typeof TOOLS)[number]
