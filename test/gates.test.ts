import { expect, test } from 'vitest'
import { localClones } from '../src/clones/local.ts'
import { measureScript } from '../src/experiments/effects.ts'
import { predict } from '../src/sql/prediction/predict.ts'
import { readScript } from '../src/sql/reader/read-script.ts'

const signal = new AbortController().signal
const SCHEMA = [
  'create table p (id int primary key)',
  'create table c (id int primary key, x text, n int)',
  'create index c_x on c (x)',
  'insert into c select n, n::text, n from generate_series(1, 100) n',
  'create table m (k int, y int references p) partition by range (k)',
  'create table m1 partition of m for values from (0) to (10)',
  'create table m2 partition of m for values from (10) to (20)',
  'create index m_y on m (y)',
  'create table part (k int primary key) partition by range (k)',
  'create table part1 partition of part for values from (0) to (10)',
  'create table user_of (k int references part)',
  'create materialized view mv as select id from p',
  'create unique index mv_id on mv (id)',
]
/** With the major from which on it is tried: REINDEX CONCURRENTLY takes ten seconds before 15, whoever is in its way. */
const STATEMENTS: Array<[string, number]> = [
  ['create index concurrently c_n on c (n)', 12],
  ["set lock_timeout = '1ms'; create unique index concurrently c_n on c (n)", 12],
  ['drop index concurrently c_x', 12],
  ['reindex table concurrently c', 15],
  ['reindex index concurrently c_x', 15],
  ['reindex table concurrently m', 15],
  ['vacuum c', 12],
  ['vacuum (analyze) c', 12],
  ['vacuum c, p', 12],
  ['vacuum m', 12],
  ['alter table m detach partition m1 concurrently', 14],
  ['alter table part detach partition part1 concurrently', 14],
  ['create index concurrently mv_i on mv (id)', 12],
]

test.each([12, 15, 18])(
  'on Postgres %i the locks of what runs outside a transaction are seen, and are those predicted',
  async (postgres) => {
    await using clone = await localClones({ postgres }).create({ scripts: [] }, signal)
    for (const [script, since] of STATEMENTS) {
      if (since > postgres) continue
      await clone.run('drop schema public cascade', signal)
      for (const sql of ['create schema public', ...SCHEMA]) expect((await clone.run(sql, signal)).error).toBeUndefined()
      const statements = await readScript(script, 'none')
      const { measurements, catalogs } = await measureScript(clone, statements, 'none', {}, signal)
      const measured = measurements.at(-1)
      const [statement, catalog] = [statements.at(-1), catalogs.at(-1)]
      if (!statement || !catalog) throw new Error('a script has a statement')
      const existed = (key: string) => catalog.relations.has(key)
      const { effects } = predict(statement, { catalog, existed, postgres })
      expect({ script, unmeasured: measured?.unmeasured, locks: measured?.effects?.locks, error: measured?.error }).toEqual({
        script,
        unmeasured: undefined,
        locks: effects.locks,
        error: undefined,
      })
    }
  },
  120_000,
)
