import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Clone, Step } from '../src/clones/clone.ts'
import { embeddedClones } from '../src/clones/embedded.ts'
import { measureScript } from '../src/experiments/effects.ts'
import { readCatalog } from '../src/experiments/read-catalog.ts'
import type { Catalog } from '../src/sql/catalog.ts'
import type { Effects } from '../src/sql/effects.ts'
import { readScript } from '../src/sql/reader/read-script.ts'

vi.setConfig({ testTimeout: 60_000 })

const signal = new AbortController().signal
let clone: Clone

beforeAll(async () => {
  clone = await embeddedClones().create({ scripts: [] }, signal)
}, 120_000)
afterAll(async () => await clone[Symbol.asyncDispose]())

const SCHEMA = `
  create domain positive as int check (value > 0);
  create domain plain as int;
  create type mood as enum ('sad', 'happy');
  create type pair as (a int, b int);
  create table p (id int primary key);
  create table c (id int primary key, pid int, x varchar(20), n numeric(10, 2), i int, j json, d plain, at timestamp, tz timestamptz, m mood);
  create index c_x on c (x);
  create unique index c_i on c (i);
  create table f (id int primary key, pid int constraint f_p references p, note text constraint f_note check (note <> ''));
  alter table f add constraint f_proof check (pid is not null) not valid;
  create view v as select id, pid from f;
  create materialized view mv as select id from p;
  create unique index mv_id on mv (id);
  create table m (k int, y int) partition by range (k);
  create table m1 partition of m for values from (0) to (10);
  create table md partition of m default;
  create table loose (k int, y int);
  create function touch() returns trigger language plpgsql as 'begin return new; end';
  create trigger f_touch before update on f for each row execute function touch();
  create sequence s;
  create table g (pid int constraint g_p references p not enforced, qid int);
  alter table g add constraint g_q foreign key (qid) references p not valid;
`

/** Table, `mode name` for each lock that is no AccessShareLock, then what is rewritten, scanned and built. */
function told({ locks, rewrites, scans, builds }: Effects): string {
  const short = (name: string) => name.replace(/^public\./, '')
  return [
    ...locks
      .filter(({ mode }) => mode !== 'AccessShareLock')
      .map(({ relation, mode, kind }) => `${mode.replace('Lock', '')} ${kind === 'table' ? '' : `${kind} `}${short(relation)}`),
    ...rewrites.map((table) => `rewrites ${short(table)}`),
    ...scans.map((table) => `scans ${short(table)}`),
    ...builds.map(
      ({ index, constraint, concurrently }) =>
        `builds ${index}${constraint ? ` (${constraint})` : ''}${concurrently ? ' concurrently' : ''}`,
    ),
  ].join(', ')
}

async function fresh(): Promise<void> {
  for (const sql of ['drop schema public cascade', 'create schema public']) expect((await clone.run(sql, signal)).error).toBeUndefined()
  for (const { text } of await readScript(SCHEMA, 'none')) expect((await clone.run(text, signal)).error, text).toBeUndefined()
}

async function measure(sql: string, mode: 'file' | 'implicit' | 'none' = 'none') {
  await fresh()
  return await measureScript(clone, await readScript(sql, mode), mode, {}, signal)
}

/** What each does on Postgres 18. Locks of AccessShareLock are left out. */
const FACTS: Array<[sql: string, effects: string]> = [
  ['alter table c add a int', 'AccessExclusive c'],
  ['alter table c add a int default 3', 'AccessExclusive c'],
  ['alter table c add a timestamptz default now()', 'AccessExclusive c'],
  ["alter table c add a text default lower('ABC')", 'AccessExclusive c'],
  ["alter table c add a jsonb default '{}'::jsonb", 'AccessExclusive c'],
  ['alter table c add a bigint default txid_current()', 'AccessExclusive c'],
  [
    'alter table c add a uuid default gen_random_uuid()',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  [
    'alter table c add a timestamptz default clock_timestamp()',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  [
    'alter table c add a serial',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  [
    'alter table c add a int generated always as identity',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  [
    'alter table c add a int generated always as (i + 1) stored',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  ['alter table c add a int generated always as (i + 1) virtual', 'AccessExclusive c'],
  [
    'alter table c add a positive',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  ['alter table c add a plain', 'AccessExclusive c'],
  ['alter table c add a int unique', 'AccessExclusive c, scans c, builds c_a_key (unique)'],
  ['alter table c add a int check (a > 0)', 'AccessExclusive c, scans c'],
  ['alter table c add a int references p', 'AccessExclusive c, ShareRowExclusive p'],
  ['alter table c alter i set not null', 'AccessExclusive c, scans c'],
  ['alter table f alter pid set not null', 'AccessExclusive f, scans f'],
  ['alter table c alter x type varchar(40)', 'AccessExclusive c, AccessExclusive index c_x'],
  ['alter table c alter x type text', 'AccessExclusive c, AccessExclusive index c_x'],
  ['alter table c alter n type numeric(12, 2)', 'AccessExclusive c'],
  ['alter table c alter n type numeric', 'AccessExclusive c'],
  ['alter table c alter d type int', 'AccessExclusive c'],
  [
    'alter table c alter x type varchar(10)',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_i, builds c_x',
  ],
  [
    'alter table c alter n type numeric(12, 3)',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  [
    'alter table c alter i type bigint',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  [
    'alter table c alter j type jsonb',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  [
    'alter table c alter tz type timestamptz(3)',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  ['alter table c alter at type timestamptz', 'AccessExclusive c'],
  ['alter table c alter i type plain', 'AccessExclusive c, AccessExclusive index c_i'],
  ['alter table c alter x type varchar(40) collate "C"', 'AccessExclusive c, AccessExclusive index c_x, scans c, builds c_x'],
  ['alter table c add check (i > 0)', 'AccessExclusive c, scans c'],
  ['alter table c add check (i > 0) not valid', 'AccessExclusive c'],
  ['alter table c add foreign key (pid) references p', 'ShareRowExclusive c, ShareRowExclusive p, scans c'],
  ['alter table c add foreign key (pid) references p not valid', 'ShareRowExclusive c, ShareRowExclusive p'],
  ['alter table f validate constraint f_proof', 'ShareUpdateExclusive f, scans f'],
  ['alter table g validate constraint g_q', 'ShareUpdateExclusive g, RowShare p, scans g'],
  ['alter table c add unique (i)', 'AccessExclusive c, scans c, builds c_i_key (unique)'],
  ['alter table p drop constraint p_pkey cascade', 'AccessExclusive f, AccessExclusive g, AccessExclusive p, AccessExclusive index p_pkey'],
  ['alter table c add constraint c_u unique using index c_i', 'AccessExclusive c, ShareUpdateExclusive index c_i'],
  ['alter table c add exclude (i with =)', 'AccessExclusive c, scans c, builds c_i_excl (exclusion)'],
  ['alter table f drop constraint f_note', 'AccessExclusive f'],
  ['alter table f drop constraint f_p', 'AccessExclusive f, AccessExclusive p'],
  ['create index on c (i)', 'Share c, scans c, builds c_i_idx'],
  ['create unique index on c (n)', 'Share c, scans c, builds c_n_idx'],
  ['drop index c_x', 'AccessExclusive c, AccessExclusive index c_x'],
  [
    'reindex table c',
    'Share c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, scans c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  ['reindex index c_x', 'Share c, AccessExclusive index c_x, scans c, builds c_x'],
  ['create trigger c_touch before update on c for each row execute function touch()', 'ShareRowExclusive c'],
  ['alter table f disable trigger f_touch', 'ShareRowExclusive f'],
  ['drop trigger f_touch on f', 'AccessExclusive f'],
  ['alter table c enable row level security', 'AccessExclusive c'],
  ['create policy all_of_it on c using (true)', 'AccessExclusive c'],
  ['alter table c replica identity full', 'AccessExclusive c'],
  ['alter table c set (fillfactor = 70)', 'ShareUpdateExclusive c'],
  ['alter table c alter i set statistics 500', 'ShareUpdateExclusive c'],
  ['alter table c cluster on c_i', 'ShareUpdateExclusive c, ShareUpdateExclusive index c_i'],
  ["comment on table c is 'x'", 'ShareUpdateExclusive c'],
  ['create statistics st on i, x from c', 'ShareUpdateExclusive c'],
  ['analyze c', 'ShareUpdateExclusive c'],
  [
    'alter table c set unlogged',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  [
    'cluster c using c_i',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  [
    'truncate c',
    'AccessExclusive c, AccessExclusive index c_i, AccessExclusive index c_pkey, AccessExclusive index c_x, rewrites c, builds c_pkey (primary key), builds c_x, builds c_i',
  ],
  ['alter table c set access method heap', 'AccessExclusive c'],
  [
    'alter table m attach partition loose for values from (10) to (20)',
    'AccessExclusive loose, ShareUpdateExclusive m, AccessExclusive md, scans loose, scans md',
  ],
  ['create table m2 partition of m for values from (20) to (30)', 'AccessExclusive m, AccessExclusive md, scans md'],
  ['alter table m detach partition m1', 'AccessExclusive m, AccessExclusive m1, AccessExclusive md'],
  ['create index on m (y)', 'Share m, Share m1, Share md, scans m1, scans md, builds m1_y_idx, builds md_y_idx'],
  ['refresh materialized view mv', 'AccessExclusive mv, AccessExclusive index mv_id, rewrites mv, builds mv_id'],
  ['refresh materialized view concurrently mv', 'Exclusive mv, RowExclusive index mv_id'],
  ['alter domain positive add check (value < 100)', ''],
  ['alter domain plain add check (value < 100)', 'Share c, scans c'],
  ["alter type mood add value 'ok'", 'Exclusive type mood'],
  ["alter type mood rename value 'sad' to 'blue'", 'Exclusive type mood'],
  ['drop type pair', 'AccessExclusive type pair'],
  ['alter type pair add attribute e int', 'AccessExclusive type pair'],
  ['create table u (id int references p)', 'ShareRowExclusive p'],
  ['create or replace view v as select id, pid, note from f', 'AccessExclusive view v'],
  [
    'drop table p cascade',
    'AccessExclusive f, AccessExclusive g, AccessExclusive mv, AccessExclusive index mv_id, AccessExclusive p, AccessExclusive index p_pkey',
  ],
  ['alter table c drop column x', 'AccessExclusive c, AccessExclusive index c_x'],
  ['alter index c_x rename to c_y', 'ShareUpdateExclusive index c_x'],
  ['alter table c rename to cc', 'AccessExclusive c'],
  ['alter table c rename x to y', 'AccessExclusive c'],
  ['alter sequence s increment 2', 'ShareRowExclusive sequence s'],
  ['drop view v', 'AccessExclusive view v'],
  ['update c set i = 1', 'RowExclusive c, RowExclusive index c_i, RowExclusive index c_pkey, RowExclusive index c_x'],
  ['select * from c for update', 'RowShare c, RowShare index c_i, RowShare index c_pkey, RowShare index c_x'],
  ['create materialized view mw as select * from f', ''],
  ["do $$ begin execute 'alter table c alter i set not null'; end $$", 'AccessExclusive c, scans c'],
  ['create index concurrently on c (n)', 'scans c, builds c_n_idx concurrently'],
  ['drop index concurrently c_x', ''],
  ['reindex table concurrently c', 'scans c, builds c_pkey (primary key) concurrently, builds c_x concurrently, builds c_i concurrently'],
  ['vacuum full c', 'rewrites c, builds c_pkey (primary key), builds c_x, builds c_i'],
  ['vacuum c', ''],
]

test.each(FACTS)('%s', async (sql, effects) => {
  const { measurements } = await measure(sql)
  expect(measurements[0]?.error).toBeUndefined()
  expect(measurements[0]?.effects && told(measurements[0].effects)).toBe(effects)
})

const OUTSIDE = 'it runs outside a transaction, so its locks are gone when it ends'

describe('a statement that cannot run in a transaction', () => {
  test('is measured but for its locks', async () => {
    const { measurements } = await measure('create index concurrently c_n on c (n)')
    expect(measurements[0]).toMatchObject({ unmeasured: OUTSIDE, differences: ['adds index public.c_n'], effects: { locks: [] } })
    expect(measurements[0]?.error).toBeUndefined()
  })
  test.each(['file', 'implicit'] as const)('fails where its tool uses one: %s', async (mode) => {
    const { measurements } = await measure("set lock_timeout = '2s'; create index concurrently c_n on c (n)", mode)
    expect(measurements[1]).toMatchObject({ error: { code: '25001' }, unmeasured: OUTSIDE })
  })
  test('alone in one query it does not fail', async () => {
    expect((await measure('create index concurrently c_n on c (n)', 'implicit')).measurements[0]?.error).toBeUndefined()
    expect((await measure('create index concurrently c_n on c (n)', 'file')).measurements[0]?.error?.code).toBe('25001')
  })
  test('a procedure that commits', async () => {
    const body = 'create procedure twice() language plpgsql as $$ begin alter table c add a int; commit; alter table c add b int; end $$'
    const { measurements } = await measure(`${body}; call twice()`)
    expect(measurements[1]?.unmeasured).toBe(OUTSIDE)
    expect(measurements[1]?.error).toBeUndefined()
  })
})

describe('a script', () => {
  test('that uses an enum value in the transaction that adds it', async () => {
    const sql = "alter type mood add value 'ok'; insert into c (id, m) values (1, 'ok'); create table after (id int)"
    const { measurements } = await measure(sql, 'file')
    expect(measurements.map(({ error }) => error?.code)).toEqual([undefined, '55P04', undefined])
    expect(measurements.map(({ blockedBy }) => blockedBy)).toEqual([undefined, undefined, 1])
    expect(measurements[1]?.effects?.locks).toContainEqual({ relation: 'public.c', kind: 'table', mode: 'RowExclusiveLock', existed: true })
    expect((await measure(sql, 'none')).measurements.map(({ error }) => error)).toEqual([undefined, undefined, undefined])
  })
  test('that alters a table with pending trigger events', async () => {
    const setup = 'alter table f alter constraint f_p deferrable initially deferred; insert into p values (1); insert into f values (1, 1)'
    const { measurements } = await measure(
      `${setup}; begin; update f set pid = 2; insert into p values (2); alter table f add z int; commit`,
    )
    expect(measurements.at(-2)?.error?.code).toBe('55006')
    expect(measurements.at(-4)).toMatchObject({ effects: undefined, unmeasured: expect.stringContaining('alone it fails') })
    expect(measurements.at(-1)?.blockedBy).toBeUndefined()
  })
  test('whose SET LOCAL has no transaction is warned', async () => {
    const outside = await measure("set local lock_timeout = '2s'; alter table c add a int")
    expect(outside.measurements[0]?.notices).toMatchObject([{ severity: 'WARNING', code: '25P01' }])
    const inside = await measure("set local lock_timeout = '2s'; alter table c add a int", 'file')
    expect(inside.measurements[0]?.notices).toEqual([])
  })
  test('in a transaction of its own has its settings while it is measured', async () => {
    const { measurements, catalogs, after } = await measure(
      "begin; set local timezone = 'America/New_York'; alter table c alter at type timestamptz; commit; alter table c add a int",
    )
    expect(measurements[2]?.effects?.rewrites).toEqual(['public.c'])
    expect(catalogs.map(({ timeZone }) => timeZone)).toEqual(['UTC', 'UTC', 'America/New_York', 'America/New_York', 'UTC'])
    expect(after.timeZone).toBe('UTC')
  })
  test('that is rolled back leaves nothing', async () => {
    const { measurements, after } = await measure('begin; alter table c add a int; rollback; alter table c add b int')
    expect(measurements[1]).toMatchObject({ effects: undefined, unmeasured: 'the script rolls it back' })
    expect(after.relations.get('public.c')?.columns.map(({ name }) => name)).toContain('b')
    expect(after.relations.get('public.c')?.columns.map(({ name }) => name)).not.toContain('a')
  })
  test('goes on after a statement that fails', async () => {
    const { measurements } = await measure('alter table nowhere add a int; alter table c add a int')
    expect(measurements[0]).toMatchObject({
      effects: undefined,
      error: { code: '42P01' },
      unmeasured: 'it fails: relation "nowhere" does not exist (42P01)',
    })
    expect(measurements[1]?.effects?.locks).toHaveLength(1)
  })
  test('that does not parse bears its error, and its neighbours are measured', async () => {
    const { measurements } = await measure('alter table c add a int; alter tabel c; alter table c add b int', 'file')
    expect(measurements.map(({ error }) => error?.code)).toEqual([undefined, '42601', undefined])
    expect(measurements.map(({ effects }) => effects === undefined)).toEqual([false, true, false])
    expect(measurements[2]?.blockedBy).toBe(1)
  })
  test('that names a role nobody made', async () => {
    const { measurements } = await measure('grant select on c to "Reporting Team"; alter table c owner to owner_of_c', 'file')
    expect(measurements.map(({ error }) => error)).toEqual([undefined, undefined])
  })
  test('knows what it made itself, and the names from before', async () => {
    const { measurements } = await measure(
      'create table n (id int); create index n_id on n (id); alter table n rename to nn; drop table nn; create temp table t (id int); drop table t',
    )
    expect(measurements[1]?.effects).toMatchObject({
      locks: [{ relation: 'public.n', existed: false }],
      scans: [],
      builds: [{ index: 'n_id', existed: false }],
    })
    expect(measurements[2]?.effects?.locks).toMatchObject([{ relation: 'public.n' }])
    expect(measurements[3]?.effects?.locks.map(({ relation }) => relation)).toEqual(['public.nn', 'public.n_id'].sort())
    expect(measurements[5]?.effects).toEqual({ locks: [], rewrites: [], scans: [], builds: [] })
  })
  test('tells what it dropped on the way', async () => {
    const { measurements } = await measure(
      'alter table c drop column i; alter table p rename id to ident; alter table c alter x set not null',
    )
    expect(measurements.map(({ differences }) => differences)).toEqual([
      ['drops column public.c.i', 'drops index public.c_i'],
      ['renames column public.p.id to ident'],
      ['makes public.c.x not null'],
    ])
  })
})

test('the catalog brought up to date by each statement is the one that is read anew', async () => {
  const sql = `
    create table k (id bigserial primary key, pid int references p, m mood[]); alter table p rename to parents; alter table parents rename id to ident;
    create view kv as select pid, m from k; create index k_pid on k (pid); alter table m detach partition md;
    alter table k add constraint k_ck check (pid > 0) not valid; alter table k validate constraint k_ck; drop view v; alter table f disable trigger f_touch;
    drop trigger f_touch on f; create statistics k_st on pid, id from k; alter table k alter pid set default 5; alter table c alter x type text;
    alter domain plain add constraint plain_ck check (value < 9); create function now2() returns timestamptz stable language sql as 'select now()';
    drop table f cascade; create table k2 (like k including all); create table m5 partition of m for values from (50) to (60); create index on m (y);
    drop sequence s; refresh materialized view mv; truncate k; create schema other; alter table k2 set schema other; alter schema other rename to others`
  const { measurements, after } = await measure(sql)
  expect(measurements.flatMap(({ error }) => error?.message ?? [])).toEqual([])
  const anew = await readCatalog(clone)
  expect(plain(after)).toEqual(plain(anew))
})

describe('a statement that kills the clone', () => {
  const ENDLESS = 'do $$ begin loop end loop; end $$'
  const LIMIT = 'embedded clone: stopped: one statement ran longer than 0.5 s'
  const cacheDir = mkdtempSync(join(tmpdir(), 'pgwitness-effects-'))
  afterAll(() => rmSync(cacheDir, { recursive: true }))
  const reasons = ({ measurements }: Awaited<ReturnType<typeof measureScript>>) => measurements.map(({ unmeasured }) => unmeasured)

  test.each(['none', 'file', 'implicit'] as const)('is not measured, and the rest is as if it were not there (%s)', async (mode) => {
    await using other = await embeddedClones({ statementMs: 500, cacheDir }).create({ scripts: [] }, signal)
    const ran: Step[][] = []
    const first = await measureScript(
      other,
      await readScript('create table t (id int); set search_path = public', mode),
      mode,
      { ran },
      signal,
    )
    const sql = `create table a (id int); ${ENDLESS}; alter table a rename to b; create index on b (id); create index on t (id)`
    const second = await measureScript(other, await readScript(sql, mode), mode, { catalog: first.after, ran }, signal)
    expect(reasons(second)).toEqual([undefined, LIMIT, undefined, undefined, undefined])
    expect(second.measurements[3]?.effects?.builds.map(({ existed }) => existed)).toEqual([false])
    expect(second.measurements[4]?.effects?.builds.map(({ existed }) => existed)).toEqual([true])
    expect(plain(second.after)).toEqual(plain(await readCatalog(other)))
    expect([...second.after.relations.keys()]).toEqual(expect.arrayContaining(['public.b', 'public.t']))
  })

  test('does so only so often', async () => {
    await using other = await embeddedClones({ statementMs: 500, cacheDir }).create({ scripts: [] }, signal)
    const sql = `create table a (id int); ${Array(7).fill(ENDLESS).join('; ')}; create table b (id int)`
    const result = await measureScript(other, await readScript(sql, 'none'), 'none', {}, signal)
    const never = 'embedded clone: it was stopped 6 times and is not started again'
    expect(reasons(result)).toEqual([undefined, ...Array(6).fill(LIMIT), never, never])
    expect([...result.after.relations.keys()]).toContain('public.a')
  })
})

/** Without what depends on the order of reading, and without estimates. */
function plain({ relations, types, searchPath, timeZone }: Catalog): unknown {
  const sorted = [...relations]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, relation]) => [
      key,
      {
        ...relation,
        rows: 0,
        children: [...relation.children].sort(),
        readBy: [...relation.readBy].sort(),
        ownedSequences: [...relation.ownedSequences].sort(),
      },
    ])
  return { relations: sorted, types: [...types].sort(([a], [b]) => (a < b ? -1 : 1)), searchPath, timeZone }
}
