import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes `count` loose migrations of three statements each, of the kinds people write. */
export function writeLooseFiles(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true })
  for (let i = 0; i < count; i += 1) {
    const table = `table_${i % 97}`
    const statements = [
      [
        `alter table ${table} add column c${i} integer`,
        `create index ${table}_c${i} on ${table} (c${i})`,
        `update ${table} set c${i} = 1 where id < 100`,
      ],
      [
        `create table made_${i} (id bigint primary key, name text)`,
        `create index on made_${i} (name)`,
        `alter table made_${i} add check (name <> '')`,
      ],
      [
        `alter table ${table} alter column c${i - 2} set not null`,
        `alter table ${table} alter column c${i - 2} type bigint`,
        `drop index ${table}_c${i - 2}`,
      ],
      [
        `alter table made_${i - 2} add column t timestamptz default now()`,
        `create index concurrently on ${table} (id)`,
        `insert into ${table} (id) values (${i})`,
      ],
    ][i % 4] as string[]
    writeFileSync(join(folder, `${String(i).padStart(5, '0')}_change.sql`), `${statements.join(';\n')};\n`)
  }
}

/** Writes a history in which every file runs: `files` files, about 2.9 statements each, tables, columns, indexes, keys and data. */
export function writeHistory(folder: string, files: number): number {
  mkdirSync(folder, { recursive: true })
  let statements = 0
  for (let i = 0; i < files; i += 1) {
    const text = fileOf(i)
    statements += text.length
    writeFileSync(join(folder, `${String(i).padStart(5, '0')}_step.sql`), `${text.join(';\n')};\n`)
  }
  return statements
}

function fileOf(i: number): string[] {
  const table = `t${Math.floor(i / 8)}`
  const parent = `t${Math.max(0, Math.floor(i / 8) - 1)}`
  switch (i % 8) {
    case 0:
      return [
        `create table ${table} (id bigint generated always as identity primary key, name text not null, amount numeric(10, 2), created_at timestamptz default now())`,
        `create index ${table}_name on ${table} (name)`,
        `comment on table ${table} is 'step ${i}'`,
      ]
    case 1:
      return [
        `alter table ${table} add column parent_id bigint`,
        `alter table ${table} add foreign key (parent_id) references ${parent} (id)`,
        `create index ${table}_parent on ${table} (parent_id)`,
      ]
    case 2:
      return [
        `alter table ${table} add column state text default 'new'`,
        `update ${table} set state = 'old' where id < 10`,
        `alter table ${table} alter column state set not null`,
      ]
    case 3:
      return [
        `alter table ${table} add constraint ${table}_amount check (amount >= 0) not valid`,
        `alter table ${table} validate constraint ${table}_amount`,
      ]
    case 4:
      return [
        `insert into ${table} (name, amount, state) select 'n' || g, g, 'new' from generate_series(1, 20) g`,
        `create view v_${table} as select id, name from ${table}`,
        `analyze ${table}`,
      ]
    case 5:
      return [
        `alter table ${table} alter column amount type numeric(12, 2)`,
        `alter table ${table} add column extra jsonb default '{}'`,
        `create index ${table}_extra on ${table} using gin (extra)`,
      ]
    case 6:
      return [
        `create function f_${table}() returns trigger language plpgsql as $$ begin new.created_at := now(); return new; end $$`,
        `create trigger touch before update on ${table} for each row execute function f_${table}()`,
        `delete from ${table} where name is null`,
      ]
    default:
      return [
        `alter table ${table} rename column extra to details`,
        `drop index ${table}_extra`,
        `alter table ${table} set (fillfactor = 90)`,
      ]
  }
}
