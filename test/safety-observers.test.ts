import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Clone, CloneDied } from '../src/clones/clone.ts'
import { measureScript } from '../src/experiments/effects.ts'
import { readScript } from '../src/sql/reader/read-script.ts'
import { type Contestant, openContestant } from './fixtures/contestants.ts'

const signal = new AbortController().signal

/** What is put before pg_catalog, by scripts that want another effect seen than theirs. */
const SHADOWS = [
  "create function public.pg_backend_pid() returns int language sql as $$ select 1 $$; create function public.current_setting(text) returns text language sql as $$ select 'hostile' $$",
  "create view public.pg_class as select 1::oid as oid, 'hostile'::name as relname; create table public.pg_locks (relation oid, mode text); create temp table pg_attribute (a int)",
  'create type public.regclass as (a int)',
]

describe.each(['local 18', 'local 12', 'template 15', 'url 16'])('on %s', (name) => {
  let contestant: Contestant
  let clone: Clone
  beforeAll(async () => {
    contestant = await openContestant(name, { statementMs: 2000 })
    clone = await contestant.provider.create(contestant.base, signal)
  })
  afterAll(async () => {
    await clone[Symbol.asyncDispose]()
    await contestant[Symbol.asyncDispose]()
  })

  test('what is put before the catalog changes nothing of what is seen', async () => {
    const script = `${SHADOWS.join(';\n')};\nset search_path = public, pg_temp, pg_catalog;\nalter table public.orders add column hidden int;`
    const statements = await readScript(script, 'none')
    const { measurements } = await measureScript(clone, statements, 'none', {}, signal)
    expect(measurements.at(-1)).toMatchObject({
      differences: ['adds column public.orders.hidden'],
      effects: { locks: [{ relation: 'public.orders', kind: 'table', mode: 'AccessExclusiveLock', existed: true }], rewrites: [] },
    })
  })
  test('an observer outlives what ends every session, or says that it died', async () => {
    await using observer = (await clone.connect?.('observer', signal)) ?? clone
    await clone.run(
      'select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where pid <> pg_catalog.pg_backend_pid()',
      signal,
    )
    const answer = await observer.query('select 1 as one').catch((error) => error)
    if (name.startsWith('local')) expect(answer).toEqual([{ one: 1 }])
    else if (answer instanceof Error) expect(answer).toBeInstanceOf(CloneDied)
  })
})
