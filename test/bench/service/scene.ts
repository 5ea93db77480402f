import type { Files } from '../../../src/simulation/repository.ts'
import type { StubForge, StubMergeRequest, StubWebhook, WebhookKind } from '../../../src/simulation/stub-forge.ts'
import { startStub } from '../../fixtures/service.ts'
import { variablesOf } from '../../fixtures/serving.ts'

/** Both forges with the changes of a team, and what is sent when people work on them. */
export interface Scene extends AsyncDisposable {
  forges: StubForge[]
  changes: Change[]
  /** What `serve` has to know about the forges. */
  environment: Record<string, string>
  /** Three new heads of each change and an event that is none of ours, each of which is told; a fifth of all is told twice. In an order that chance makes. */
  burst(): Promise<StubWebhook[]>
}

export interface Change {
  stub: StubForge
  ref: StubMergeRequest
  /** The newest, of which a review should be seen. */
  headSha: string
}

const REPOSITORIES = 10

const BASE: Files = {
  'migrations/001_customers.sql': 'create table customers (id bigint primary key, email text not null unique, name text);\n',
  'migrations/002_orders.sql':
    'create table orders (id bigint primary key, customer_id bigint, note text, amount numeric, paid_at timestamptz);\n',
  'migrations/003_items.sql': 'create table items (id bigint primary key, order_id bigint references orders, sku text, price numeric);\n',
  'migrations/004_more.sql': 'create index concurrently items_order on items (order_id);\nalter table orders add column state text;\n',
  'README.md': 'A shop.\n',
}

/** Heads of a change after one another, over and over: what is found is more, then other, then mended. */
const HEADS: ReadonlyArray<readonly Files[]> = [
  [
    { 'migrations/005_a.sql': 'create index orders_customer on orders (customer_id);\n' },
    { 'migrations/005_a.sql': 'alter table orders alter column note set not null;\n' },
    {
      'migrations/005_a.sql': 'create index orders_customer on orders (customer_id);\n',
      'migrations/006_b.sql': 'alter table items alter column sku type varchar(20);\n',
    },
    { 'migrations/005_a.sql': '-- later\nselect 1;\n', 'migrations/006_b.sql': null },
  ],
  [
    { 'migrations/005_a.sql': 'alter table orders add constraint positive check (amount > 0);\n' },
    { 'migrations/005_a.sql': 'alter table orders add column weight int not null default 0;\n' },
    { 'migrations/005_a.sql': 'alter table orders add foreign key (customer_id) references customers;\n' },
    { 'migrations/005_a.sql': 'drop table items;\n' },
  ],
  // Nothing about Postgres.
  [{ 'README.md': 'A large shop.\n' }, { 'README.md': 'A small shop.\n' }],
  [
    { 'migrations/005_a.sql': 'create index concurrently orders_state on orders (state);\n' },
    { 'migrations/005_a.sql': 'update orders set state = $$new$$;\nalter table orders alter column state set not null;\n' },
  ],
]

export async function makeScene(count: number): Promise<Scene> {
  const started = [await startStub('github'), await startStub('gitlab')]
  const forges = started.map(({ stub }) => stub)
  const changes: Change[] = []
  for (let index = 0; index < count; index += 1) {
    const stub = forges[index % 2] as StubForge
    const number = Math.floor(index / 2) % (REPOSITORIES / 2)
    const repository = `shop-${number}/api`
    const base = { ...BASE, 'migrations/000_own.sql': `create table shop_${number} (id int primary key);\n` }
    const ref = await stub.addMergeRequest({ repository, base, head: headOf(index, 0), author: 'alice' })
    stub.setPermission(ref, 'alice', 'write')
    changes.push({ stub, ref, headSha: ref.headSha })
  }
  let round = 0
  const random = newRandom(7)
  return {
    forges,
    changes,
    environment: Object.assign({}, ...started.map(({ environment }) => variablesOf(environment))),
    async burst() {
      const told: StubWebhook[] = []
      for (const [index, change] of changes.entries()) {
        const tell = (kind: WebhookKind) => told.push(change.stub.webhook(kind, change.ref))
        for (let push = 0; push < 3; push += 1) {
          const head = round * 3 + push
          if (head > 0) change.headSha = await change.stub.push(change.ref, headOf(index, head))
          tell(head === 0 ? 'opened' : 'pushed')
        }
      }
      const again = told.filter((_, index) => index % 3 === 0)
      for (const { stub, ref } of changes) told.push(stub.webhook('unrelated', ref))
      round += 1
      return shuffled([...told, ...again], random)
    },
    async [Symbol.asyncDispose]() {
      for (const stub of forges) await stub[Symbol.asyncDispose]()
    },
  }
}

function headOf(index: number, head: number): Files {
  const heads = HEADS[index % HEADS.length] ?? []
  return heads[head % heads.length] ?? {}
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((one) => ({ one, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one)
}

/** Numbers from 0 to below 1, always the same (a linear congruential generator). */
function newRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
