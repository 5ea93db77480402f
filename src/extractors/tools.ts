import { atlas } from './atlas.ts'
import { DBMATE_MARK, dbmate } from './dbmate.ts'
import { diesel } from './diesel.ts'
import { drizzle } from './drizzle.ts'
import type { Extractor } from './extractor.ts'
import { flyway } from './flyway.ts'
import { golangMigrate } from './golang-migrate.ts'
import { GOOSE_MARK, goose } from './goose.ts'
import { fileName } from './names.ts'
import { NODE_PG_MIGRATE_MARK, nodePgMigrate } from './node-pg-migrate.ts'
import { pop } from './pop.ts'
import { prisma } from './prisma.ts'
import { sql } from './sql.ts'
import { sqlx } from './sqlx.ts'
import { supabase } from './supabase.ts'
import { TERN_MARK, tern } from './tern.ts'

/** The surest signs first: a folder goes to the first that claims it. Names alone (`1_a.up.sql`) fit several tools. */
export const EXTRACTORS: readonly Extractor[] = [
  prisma,
  drizzle,
  supabase,
  diesel,
  flyway,
  goose,
  dbmate,
  tern,
  nodePgMigrate,
  pop,
  sqlx,
  golangMigrate,
  atlas,
  sql,
]

const MARKS: ReadonlyArray<[RegExp, Extractor]> = [
  [GOOSE_MARK, goose],
  [DBMATE_MARK, dbmate],
  [TERN_MARK, tern],
  [NODE_PG_MIGRATE_MARK, nodePgMigrate],
]

/** Whose file this is when it belongs to no history: judged by its markers and its name, else plain SQL. */
export function extractorOf(path: string, text: string): Extractor {
  const marked = MARKS.find(([mark]) => mark.test(text))?.[1]
  if (marked) return marked
  const name = fileName(path)
  if (/^[VUR]\d*.*__.+\.sql$/.test(name) && flyway.owns(path, '')) return flyway
  return /^\d+_.*\.(up|down)\.sql$/.test(name) ? golangMigrate : sql
}
