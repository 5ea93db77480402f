import type { Connection } from '../clones/clone.ts'
import { ServiceError } from '../errors.ts'
import { quoted, type TouchedTable } from './touched-tables.ts'

/** What an application does on a table, again and again. */
export interface Probe {
  /** `schema.name`. */
  table: string
  kind: 'select' | 'insert' | 'update'
  /** Undefined when it cannot be made; `skipped` says why. Takes its values from a row there is, on the server. */
  sql: string | undefined
  skipped: string | null
}

/** One statement of a probe that was sent, on the clock of performance.now(). */
interface Shot {
  fromMs: number
  ms: number
  code: string | undefined
}

/** A probe at work. */
export interface RunningProbe {
  probe: Probe
  pid: number | undefined
  shots: Shot[]
}

/** Between two statements of a probe. */
const PAUSE_MS = 5

/** A point select, an insert and an update of one row. Empty tables take the same locks. */
export function probesOf({ relation, key, name }: TouchedTable): Probe[] {
  const probe = (kind: Probe['kind'], sql: string | undefined, skipped: string | null = null): Probe => ({ table: key, kind, sql, skipped })
  const primary = relation.constraints.find(({ type }) => type === 'primary key')?.columns ?? []
  const keys = primary.map(quoted).join(', ')
  const point = keys === '' ? '' : ` where (${keys}) = (select ${keys} from ${name} limit 1)`
  const select = probe('select', `select 1 from ${name}${point} limit 1`)
  if (relation.kind !== 'table' && relation.kind !== 'partitioned table') {
    return [select, probe('insert', undefined, `it is a ${relation.kind}`), probe('update', undefined, `it is a ${relation.kind}`)]
  }
  const given = relation.columns.filter(({ generated, identity, hasDefault }) => !generated && !identity && !hasDefault)
  const columns = given.map((one) => quoted(one.name)).join(', ')
  const insert =
    columns === '' ? `insert into ${name} default values` : `insert into ${name} (${columns}) select ${columns} from ${name} limit 1`
  const writable = relation.columns.filter(({ generated, identity }) => !generated && !identity)
  const changed = writable.find((one) => !primary.includes(one.name)) ?? writable[0]
  const row = point === '' ? ` where ctid = (select ctid from ${name} limit 1)` : point
  const update = changed && `update ${name} set ${quoted(changed.name)} = ${quoted(changed.name)}${row}`
  return [select, probe('insert', insert), probe('update', update, update === undefined ? 'it has no column to write' : null)]
}

/** Works until `over` says so, each statement in a transaction that is taken back. Its last statement is waited for. */
export async function runProbe(
  { probe, shots }: RunningProbe,
  connection: Connection,
  over: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const sql = probe.sql ?? 'select 1'
  while (!over()) {
    const fromMs = performance.now()
    try {
      const [, outcome] = await connection.batch([{ sql: ['begin'] }, { sql }, { sql: ['rollback'], always: true }], signal)
      shots.push({ fromMs, ms: outcome?.ms ?? 0, code: outcome?.error?.code })
    } catch (error) {
      if (signal.aborted || !(error instanceof ServiceError)) throw error
      // The session's time is up: it waited all along.
      shots.push({ fromMs, ms: performance.now() - fromMs, code: 'time-out' })
      return
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
