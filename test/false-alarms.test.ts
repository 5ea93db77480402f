/**
 * What other linters get wrong, asked of all default rules at once: safe SQL they shout about, dangerous SQL they miss, facts they state wrongly,
 * complaints of their users. A first false alarm is the last thing a reader sees of a tool.
 */
import { afterAll, describe, expect, test } from 'vitest'
import type { Finding } from '../src/review/finding.ts'
import { type Change, openDesk } from './fixtures/desk.ts'

const desk = await openDesk()
afterAll(() => desk.close())

const BASE = `
  create table users (id bigint primary key, email text not null, name varchar(50), age int, balance numeric(10,2), deleted_at timestamptz);
  create table orders (id bigint primary key, user_id bigint not null constraint orders_user references users, status text, total numeric(12,2), note text);
  create index orders_user_id on orders (user_id);
  create table items (id bigint primary key, order_id bigint not null, sku text, qty int not null, price numeric(10,2));
  create table accounts (id uuid primary key, owner_id bigint);
  create type mood as enum ('sad', 'ok');
  create table logs (id bigint, at date, msg text) partition by range (at);
  create table logs_1 partition of logs for values from ('2026-01-01') to ('2026-02-01');
  create view active_users as select id, email from users where deleted_at is null;
  create materialized view spending as select user_id, sum(total) from orders group by user_id;`

type Rest = Omit<Change, 'files' | 'base'> & { base?: string }

function change(files: string | string[], { base = '', ...rest }: Rest = {}): Change {
  return { base: BASE + base, files, ...rest }
}

/** Everything a reader would be bothered with. */
function loud(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ severity, verdict }) => verdict !== 'refuted' && severity !== 'low' && severity !== 'info')
}

function lines(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, verdict, rule, message }) => `${severity} ${verdict} ${rule}: ${message}`)
}

/** The safe statements: name, change, and whether the text alone shows that they are. */
type Safe = [name: string, change: Change, inText?: 'needs the schema']

function staysQuiet(cases: readonly Safe[]): void {
  test.each(cases)('%s', async (_, one) => {
    expect(lines(loud(await desk.review(one)))).toEqual([])
  })
  test.each(cases.filter(([, , inText]) => inText === undefined))('%s, without a clone', async (_, one) => {
    expect(lines(loud(await desk.reviewStatically(one)))).toEqual([])
  })
}

type Dangerous = [name: string, change: Change, rule: string, severity: 'medium' | 'high' | 'critical', inText?: 'needs the schema']

function isFound(cases: readonly Dangerous[]): void {
  test.each(cases)('%s', async (_, one, rule, severity) => {
    const findings = loud(await desk.review(one))
    expect(
      findings.map((finding) => [finding.rule, finding.severity, finding.verdict]),
      lines(findings).join('\n'),
    ).toContainEqual([rule, severity, 'confirmed'])
    const perStatement = Map.groupBy(findings, ({ path, startByte }) => `${path} ${startByte}`)
    expect(Math.max(...[...perStatement.values()].map((said) => said.length)), lines(findings).join('\n')).toBeLessThanOrEqual(2)
  })
  test.each(cases.filter(([, , , , inText]) => inText === undefined))('%s, suspected without a clone', async (_, one, rule, severity) => {
    const findings = loud(await desk.reviewStatically(one)).map((finding) => [finding.rule, finding.severity, finding.verdict])
    expect(findings).toContainEqual([rule, severity, 'suspected'])
  })
}

describe('safe SQL that others report', () => {
  staysQuiet([
    ...[
      'now()',
      'current_date',
      'localtimestamp',
      "lower('ABC')",
      'current_user',
      "'{}'::jsonb",
      'array[]::int[]',
      '1 + 1',
      'version()',
    ].map(
      (value): Safe => [`a default of ${value}`, change(`alter table users add column extra ${typeOf(value)} not null default ${value};`)],
    ),
    ['a virtual generated column', change('alter table items add column line numeric generated always as (price * qty) virtual;')],
    ['a longer varchar', change('alter table users alter column name type varchar(200);'), 'needs the schema'],
    ['varchar to text', change('alter table users alter column name type text;')],
    ['more digits of the same scale', change('alter table users alter column balance type numeric(14,2);'), 'needs the schema'],
    ['NOT NULL NOT VALID of Postgres 18', change('alter table users add constraint age_known not null age not valid;')],
    ['an index on a table of the same file', change('create table tags (id bigint primary key, name text); create index on tags (name);')],
    ['renaming a type', change('alter type mood rename to feeling;')],
    ['adding an enum value', change("alter type mood add value 'happy';")],
    ['a collation where no index holds the column', change('alter table orders alter column note type text collate "C";')],
    ['an identity for a column there is', change('alter table items alter column id add generated by default as identity;')],
    [
      'a temporary table',
      change('create temp table ids as select id from users; create index on ids (id); delete from ids; drop table ids;'),
    ],
  ])
})

function typeOf(value: string): string {
  if (value.startsWith("'{}'")) return 'jsonb'
  if (value.startsWith('array')) return 'int[]'
  if (value === '1 + 1') return 'int'
  return { 'now()': 'timestamptz', current_date: 'date', localtimestamp: 'timestamp', current_user: 'text' }[value] ?? 'text'
}

describe('complaints: new tables, guards, order of steps, transactions', () => {
  staysQuiet([
    [
      'whatever happens to a table of the same change',
      change([
        'create table wishes (id bigint primary key, what text); create index on wishes (what);',
        `alter table wishes add column owner bigint default random() * 10; create index on wishes (owner); update wishes set owner = 0;
         alter table wishes alter column owner set not null; alter table wishes alter column what type varchar(10); drop table wishes;`,
      ]),
    ],
    [
      'SET NOT NULL under a CHECK of the same file',
      change(
        `alter table users add constraint named check (name is not null) not valid; alter table users validate constraint named;
         alter table users alter column name set not null; alter table users drop constraint named;`,
        { mode: 'none' },
      ),
    ],
    [
      'SET NOT NULL under a CHECK of an earlier file',
      change([
        'alter table users add constraint named check (name is not null and age > 0) not valid;',
        'alter table users validate constraint named;',
        'alter table users alter column name set not null; alter table users drop constraint named;',
      ]),
    ],
    [
      'SET NOT NULL under a CHECK of the base',
      change('alter table users alter column name set not null;', { base: 'alter table users add check (not (name is null));' }),
      'needs the schema',
    ],
    [
      'a unique constraint over an index built before',
      change(
        'create unique index concurrently items_sku on items (sku); alter table items add constraint items_sku unique using index items_sku;',
        { mode: 'none' },
      ),
    ],
    [
      'a primary key over an index of NOT NULL columns',
      change('alter table codes add primary key using index codes_code;', {
        base: 'create table codes (code int not null); create unique index codes_code on codes (code);',
      }),
    ],
    [
      'CREATE INDEX CONCURRENTLY outside a transaction',
      change('create index concurrently orders_status on orders (status);', { mode: 'none' }),
    ],
    [
      'a foreign key in two steps, whose index a later file builds',
      change(
        [
          'alter table items add constraint items_order foreign key (order_id) references orders not valid;',
          'alter table items validate constraint items_order;',
          'create index concurrently items_order_id on items (order_id);',
        ],
        { mode: 'none' },
      ),
    ],
    ['a foreign key that an index of the base serves', change('alter table orders add foreign key (user_id) references users not valid;')],
    [
      'what a function would do if it were called',
      change(`create function purge() returns void language plpgsql as $$ begin
          delete from orders; truncate items; drop table users; alter table items alter column qty type bigint; create index on orders (note);
        end $$;
        create function wipe() returns void language sql as 'delete from orders';`),
    ],
    [
      'a guard that finds nothing to do',
      change(`do $$ begin if not exists (select from information_schema.columns where table_name = 'users' and column_name = 'age') then
          alter table users add column age int default random(); end if; end $$;`),
      'needs the schema',
    ],
    [
      'grants in a loop over the catalog',
      change(
        "do $$ declare t text; begin for t in select relname from pg_class where relname = 'users' loop execute format('grant select on %I to public', t); end loop; end $$;",
      ),
      'needs the schema',
    ],
    [
      'a view with one column more',
      change('create or replace view active_users as select id, email, name from users where deleted_at is null;'),
    ],
    ['a view made anew', change('drop view active_users; create view active_users as select id from users;')],
    ['rows changed by key', change("update orders set status = 'x' where id = 7; delete from items where id in (1, 2);")],
    [
      'a backfill in batches that commit',
      change(
        `do $$ declare n int; begin loop
           update orders set note = '' where id in (select id from orders where note is null limit 1000);
           get diagnostics n = row_count; exit when n = 0; commit; end loop; end $$;`,
        { mode: 'none' },
      ),
    ],
    [
      'a policy, then row level security',
      change('create policy own on accounts using (true); alter table accounts enable row level security;'),
    ],
    [
      'a partition whose bounds a CHECK proves',
      change("alter table logs attach partition logs_2 for values from ('2026-02-01') to ('2026-03-01');", {
        base: "create table logs_2 (id bigint, at date not null check (at >= '2026-02-01' and at < '2026-03-01'), msg text);",
      }),
      'needs the schema',
    ],
    ['a partition made in place', change("create table logs_2 partition of logs for values from ('2026-02-01') to ('2026-03-01');")],
  ])
})

describe('dangerous SQL that others miss', () => {
  isFound([
    ['an inline CHECK', change('alter table users add column score int check (score > 0);'), 'avoid-inline-check', 'high'],
    [
      'a backfill in the transaction of its DDL',
      change('alter table orders add column cents bigint; update orders set cents = total * 100;'),
      'avoid-backfill-under-lock',
      'high',
    ],
    [
      'CONCURRENTLY on a partitioned table',
      change('create index concurrently logs_msg on logs (msg);', { mode: 'none' }),
      'avoid-concurrently-on-partitioned-table',
      'high',
      'needs the schema',
    ],
    [
      'a foreign key of another type',
      change('create table parcels (id bigint primary key, order_id int references orders); create index on parcels (order_id);'),
      'require-matching-foreign-key-types',
      'medium',
      'needs the schema',
    ],
    [
      'a column of a constrained domain',
      change('create domain positive as int check (value > 0); alter table users add column level positive;'),
      'avoid-constrained-domain-column',
      'high',
      'needs the schema',
    ],
    [
      'a primary key over an index of nullable columns',
      change('alter table codes add primary key using index codes_code;', {
        base: 'create table codes (code int); create unique index codes_code on codes (code);',
      }),
      'avoid-nullable-primary-key-index',
      'high',
      'needs the schema',
    ],
    [
      'an identity column',
      change('alter table orders add column seq bigint generated always as identity;'),
      'avoid-identity-column',
      'high',
    ],
    ['an inline UNIQUE', change('alter table users add column slug text unique;'), 'avoid-inline-unique', 'high'],
    [
      'an inline foreign key',
      change('alter table items add column account_id uuid references accounts; create index on items (account_id);', { mode: 'none' }),
      'avoid-inline-foreign-key',
      'medium',
    ],
    [
      'dropping a foreign key',
      change('alter table orders drop constraint orders_user;'),
      'avoid-foreign-key-drop-unbounded',
      'medium',
      'needs the schema',
    ],
    [
      'ATTACH PARTITION',
      change("alter table logs attach partition logs_2 for values from ('2026-02-01') to ('2026-03-01');", {
        base: 'create table logs_2 (id bigint, at date, msg text);',
      }),
      'require-checked-attach',
      'high',
    ],
    ['REFRESH MATERIALIZED VIEW', change('refresh materialized view spending;'), 'require-concurrent-refresh', 'high'],
    ['VACUUM FULL', change('vacuum full orders;', { mode: 'none' }), 'avoid-vacuum-full', 'high'],
    ['CLUSTER', change('cluster orders using orders_user_id;'), 'avoid-cluster', 'high'],
    ['SET UNLOGGED', change('alter table items set unlogged;'), 'avoid-set-logged', 'high'],
    ['UPDATE … WHERE x IS NULL', change("update orders set note = '' where note is null;"), 'avoid-full-backfill', 'medium'],
    ['UPDATE … WHERE 1 = 1', change("update orders set note = '' where 1 = 1;"), 'avoid-update-of-all-rows', 'medium'],
    ['DDL in a DO block', change('do $$ begin create index on orders (status); end $$;'), 'require-concurrent-index', 'high'],
    [
      'DDL in text that a DO block runs',
      change("do $$ begin execute 'alter table users alter column age type bigint'; end $$;"),
      'avoid-type-change',
      'high',
    ],
    [
      'DDL in text that a DO block puts together',
      change(
        "do $$ declare t text; begin for t in select unnest(array['orders']) loop execute format('alter table %I add column tenant uuid default gen_random_uuid()', t); end loop; end $$;",
      ),
      'avoid-hidden-work',
      'high',
      'needs the schema',
    ],
    [
      'DDL in a function that is called',
      change(
        'create function later() returns void language plpgsql as $$ begin alter table users alter column age set not null; end $$; select later();',
      ),
      'avoid-hidden-work',
      'high',
      'needs the schema',
    ],
    [
      'an enum value used where it is added',
      change("alter type mood add value 'angry'; alter table users add column mood mood default 'angry';"),
      'avoid-new-enum-value-in-transaction',
      'high',
    ],
    ['LOCK TABLE', change('lock table orders in access exclusive mode;'), 'avoid-lock-table', 'medium'],
    ['row level security without a policy', change('alter table accounts enable row level security;'), 'avoid-hiding-rows', 'medium'],
    ['TRUNCATE', change('truncate items;'), 'avoid-truncate', 'high'],
    ['DELETE of all rows', change('delete from items;'), 'avoid-delete-without-where', 'high'],
    [
      'CREATE INDEX CONCURRENTLY in a transaction',
      change('create index concurrently orders_status on orders (status);'),
      'avoid-concurrently-in-transaction',
      'high',
    ],
    [
      'CREATE INDEX CONCURRENTLY in one query of several statements',
      change('set statement_timeout = 0; create index concurrently orders_status on orders (status);', { mode: 'implicit' }),
      'avoid-concurrently-in-transaction',
      'high',
    ],
    [
      'SET NOT NULL under a CHECK that proves nothing',
      change('alter table users alter column age set not null;', { base: 'alter table users add check (age > 0);' }),
      'require-unscanned-not-null',
      'high',
    ],
    [
      'SET NOT NULL that drops its CHECK itself',
      change('alter table users drop constraint named, alter column name set not null;', {
        base: 'alter table users add constraint named check (name is not null);',
      }),
      'require-unscanned-not-null',
      'high',
    ],
    [
      'a foreign key without an index',
      change('alter table items add constraint items_order foreign key (order_id) references orders not valid;'),
      'require-foreign-key-index',
      'medium',
      'needs the schema',
    ],
    [
      'an index after DDL of another table',
      change('alter table users add column extra text; create index on orders (note);'),
      'require-concurrent-index',
      'high',
    ],
    [
      'a partition beside a default one',
      change("create table logs_2 partition of logs for values from ('2026-02-01') to ('2026-03-01');", {
        base: 'create table logs_rest partition of logs default;',
      }),
      'require-checked-default-partition',
      'medium',
      'needs the schema',
    ],
    ['a view dropped for good', change('drop view active_users;'), 'avoid-drop-view', 'medium'],
  ])

  test.each([
    ['SET ACCESS METHOD', 'alter table orders set access method columnar;', 'avoid-set-access-method'],
    ['SET TABLESPACE', 'alter table orders set tablespace fast;', 'avoid-set-tablespace'],
  ])('%s of what this machine lacks is suspected', async (_, sql, rule) => {
    const found = loud(await desk.review(change(sql))).find((one) => one.rule === rule)
    expect(found?.verdict).toBe('suspected')
    expect(found?.explanation).toContain('Not tested')
  })
})

describe('what others state wrongly, as measured here', () => {
  const facts: Array<[claim: string, sql: string, rule: string, locks: Record<string, string>]> = [
    [
      'a CHECK takes ACCESS EXCLUSIVE',
      'alter table orders add constraint c check (total > 0);',
      'require-unvalidated-check',
      { orders: 'AccessExclusiveLock' },
    ],
    ['so does UNIQUE', 'alter table items add unique (sku);', 'require-index-before-unique', { items: 'AccessExclusiveLock' }],
    [
      'so does EXCLUDE',
      'alter table orders add exclude using btree (note with =);',
      'avoid-exclusion-constraint',
      { orders: 'AccessExclusiveLock' },
    ],
    [
      'a foreign key SHARE ROW EXCLUSIVE, on both',
      'alter table items add foreign key (order_id) references orders;',
      'require-unvalidated-foreign-key',
      { items: 'ShareRowExclusiveLock', orders: 'ShareRowExclusiveLock' },
    ],
    [
      'dropping it ACCESS EXCLUSIVE, on both',
      'alter table orders drop constraint orders_user;',
      'avoid-foreign-key-drop-unbounded',
      { orders: 'AccessExclusiveLock', users: 'AccessExclusiveLock' },
    ],
    [
      'ATTACH SHARE UPDATE EXCLUSIVE on the parent',
      "alter table logs attach partition extra for values from ('2027-01-01') to ('2027-02-01');",
      'require-checked-attach',
      { logs: 'ShareUpdateExclusiveLock' },
    ],
    ['REINDEX SHARE on the table', 'reindex table orders;', 'require-concurrent-reindex', { orders: 'ShareLock' }],
  ]
  test.each(facts)('%s', async (_, sql, rule, locks) => {
    const findings = await desk.review(change(sql, { base: 'create table extra (id bigint, at date, msg text);' }))
    const effects = findings.find((one) => one.rule === rule)?.evidence.find(({ kind }) => kind === 'effects')
    const taken = effects?.kind === 'effects' ? Object.fromEntries(effects.effects.locks.map(({ relation, mode }) => [relation, mode])) : {}
    for (const [table, mode] of Object.entries(locks)) expect(taken[`public.${table}`], lines(findings).join('\n')).toBe(mode)
  })

  test('a new collation rebuilds indexes and rewrites nothing', async () => {
    const base = 'create index orders_note on orders (note);'
    const [found] = loud(await desk.review(change('alter table orders alter column note type text collate "C";', { base })))
    expect(found?.message).toBe('Changing the type of `note` rebuilds the indexes of `orders` that hold it under ACCESS EXCLUSIVE.')
  })

  test('no lock_timeout is asked for before CREATE INDEX CONCURRENTLY, and one that is there is warned of', async () => {
    const build = 'create index concurrently orders_status on orders (status);'
    expect(await desk.review(change(build, { mode: 'none' }))).toEqual([])
    const found = await desk.review(change(`set lock_timeout = '2s'; ${build}`, { mode: 'none' }))
    expect(found.map(({ rule, severity }) => [rule, severity])).toEqual([['avoid-timeout-on-concurrent-build', 'medium']])
  })

  test('IF NOT EXISTS is no cure for a failed concurrent build', async () => {
    const found = await desk.review(change('create index concurrently if not exists orders_status on orders (status);', { mode: 'none' }))
    expect(found.map(({ rule, severity }) => [rule, severity])).toEqual([['avoid-guarded-concurrent-index', 'medium']])
  })
})

describe('verdicts are honest', () => {
  test('a clean run refutes nothing that depends on rows', async () => {
    const base =
      'create table notes (id int primary key, user_id bigint references users deferrable initially deferred); create table tenants (name text);'
    const pending = await desk.review(
      change('update notes set user_id = 1 where user_id = 2; alter table notes add column text text;', { base }),
    )
    expect(pending.find(({ rule }) => rule === 'avoid-pending-trigger-events')?.verdict).toBe('suspected')
    const loop = 'do $$ declare t text; begin for t in select name from tenants loop execute t; end loop; end $$;'
    expect((await desk.review(change(loop, { base })))[0]).toMatchObject({ rule: 'avoid-dynamic-sql', verdict: 'suspected' })
    const branch = 'do $$ begin if exists (select from tenants) then update orders set note = 1; end if; end $$;'
    expect((await desk.review(change(branch, { base })))[0]).toMatchObject({ rule: 'avoid-update-of-all-rows', verdict: 'suspected' })
  })

  test('a statement that fails is neither refuted nor confirmed by its lock', async () => {
    const findings = await desk.review(change('alter table users drop column deleted_at;'))
    expect(findings.find(({ rule }) => rule === 'avoid-column-in-use')?.verdict).toBe('confirmed')
    expect(findings.find(({ rule }) => rule === 'avoid-drop-column')?.verdict).toBe('suspected')
  })

  test('what the catalog refutes is refuted: a rewrite that a session in UTC does not need', async () => {
    const base = 'create table visits (id int primary key, at timestamp);'
    const findings = await desk.review(change('alter table visits alter column at type timestamptz;', { base }))
    expect(lines(loud(findings))).toEqual([])
  })
})

test('hidden work is told with the name of its table', async () => {
  const hidden =
    'create function later() returns void language plpgsql as $$ begin alter table users alter column age set not null; end $$; select later();'
  const [found] = loud(await desk.review(change(hidden)))
  expect(found?.message).toBe('Its text does not show it, but this statement reads all of `users` under ACCESS EXCLUSIVE.')
})

describe('one statement, one complaint', () => {
  const cases: Array<[sql: string, rules: string[], mode?: 'none']> = [
    ['alter table orders add column ref text; create index on orders (ref);', ['require-concurrent-index']],
    ['alter table users add column extra text; update orders set status = null;', ['avoid-backfill-under-lock']],
    ['alter table orders drop column user_id cascade;', ['avoid-drop-cascade', 'avoid-drop-column']],
    ['do $$ begin execute concat($q$alter table orders alter column note $q$, $q$set not null$q$); end $$;', ['avoid-hidden-work']],
    ['alter table items add column a int; create index concurrently x on items (a);', ['avoid-concurrently-in-transaction']],
    [
      'alter table items add constraint i foreign key (order_id) references orders not valid; alter table items validate constraint i;',
      ['require-foreign-key-index', 'avoid-validation-under-lock'],
    ],
  ]
  test.each(cases)('%s', async (sql, rules) => {
    const findings = loud(await desk.review(change(sql)))
    expect(findings.map(({ rule }) => rule).sort(), lines(findings).join('\n')).toEqual([...rules].sort())
  })
})
