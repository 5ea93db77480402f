import type { Clone, Step } from '../clones/clone.ts'
import type { Statement } from '../sql/statement.ts'

/**
 * Postgres's own functions, operators and views, on which every measurement relies, as a number that changes when one of them does, or when an
 * operator is made that could stand in for one: which one is meant depends on the search path.
 */
const STATE: Step = {
  name: 'system catalog',
  sql: `select pg_catalog.sum(pg_catalog.hashtext(kind || oid || ' ' || version)::pg_catalog.int8) as state from (
    select 'f' as kind, oid, xmin as version from pg_catalog.pg_proc where oid < 16384
    union all select 'o', oid, xmin from pg_catalog.pg_operator where oid < 16384
    union all select 'r', oid, xmin from pg_catalog.pg_class where oid < 16384 and relkind = 'v'
    union all select 's', oid, xmin from pg_catalog.pg_operator mine where oid >= 16384 and oprleft < 16384 and oprright < 16384
      and oprname in (select oprname from pg_catalog.pg_operator where oid < 16384)
      and not exists (select from pg_catalog.pg_depend where classid = 2617 and objid = mine.oid and deptype = 'e')) parts`,
}

/** Statements that can do nothing to them. */
const HARMLESS =
  /^(?:(?:create|alter|drop) (?:table|index|sequence|type|domain|schema)|comment|begin|commit|rollback|set|reset|lock|grant|revoke)$/

/** Whether a script could do something to them. */
export function couldTamper(statements: readonly Statement[]): boolean {
  return !statements.every(({ kind }) => HARMLESS.test(kind))
}

/** The state of Postgres itself now. */
export async function systemState(clone: Clone, signal: AbortSignal): Promise<string> {
  const [outcome] = await clone.batch([STATE], signal)
  return outcome?.error ? `unreadable: ${outcome.error.message}` : (outcome?.values[0]?.state ?? '')
}
