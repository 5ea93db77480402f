/**
 * What the owner of a database has to write on it before anything is done there, so that a typo in a URL never reaches production. It is
 * read from the catalog and never from the connection, whose settings come with the URL.
 *
 * - copies may be made of it (a template): the comment says `pgwitness: clones may be made here`, or the setting `pgwitness.clones` is `allowed`;
 * - scripts may run in it, and break it (a disposable database): `pgwitness: may be broken`, or `pgwitness.clones` is `in place`.
 *
 * They differ on purpose: a template handed over as a disposable database would be broken for everyone who copies it.
 */
const MARKERS = {
  copied: { comment: 'pgwitness: clones may be made here', setting: 'allowed' },
  broken: { comment: 'pgwitness: may be broken', setting: 'in place' },
} as const
export type Use = keyof typeof MARKERS

/** A row with `comment`, `setting` and the server's `major` version for the database named by the first parameter and the role named by the second; none when there is none. */
export const READ_MARKER = `select pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000 as major, pg_catalog.shobj_description(d.oid, 'pg_database') as comment,
  (select pg_catalog.substr(one, 18) from pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) one
    where s.setdatabase in (0, d.oid) and s.setrole in (0, (select oid from pg_catalog.pg_roles where rolname = $2)) and one like 'pgwitness.clones=%'
    order by s.setdatabase = 0, s.setrole = 0 limit 1) as setting
from pg_catalog.pg_database d where d.datname = $1`

export interface Marked {
  comment: string | null
  setting: string | null
}

/** Whether the owner allowed it. Case and what else the comment says do not matter. */
export function isMarked({ comment, setting }: Marked, use: Use): boolean {
  const wanted = MARKERS[use]
  return (comment ?? '').toLowerCase().includes(wanted.comment) || setting === wanted.setting
}

/** The statement that the owner has to run. */
export function markStatement(database: string, use: Use): string {
  return `COMMENT ON DATABASE ${quoteName(database)} IS '${MARKERS[use].comment}'`
}

/** `shop`, `"Shop"`. */
export function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}
