-- Tables that grow are partitioned by month and pruned by dropping: src/database/partitions.ts makes and drops the months.

-- Webhooks that were seen. Unique by a lock on the delivery, as a unique index cannot reach over months.
create table pgwitness.deliveries (
  delivery text not null,
  kind text not null,
  made_at timestamptz not null default now()
) partition by range (made_at);
create index deliveries_by_delivery on pgwitness.deliveries (delivery, kind);

-- Processes that work, and when they last said so.
create table pgwitness.workers (
  id uuid primary key,
  process uuid not null,
  seen_at timestamptz not null default now()
) with (fillfactor = 50);

-- Jobs that run, and where. `work` is the job itself, to begin it anew when its worker is gone.
create table pgwitness.leases (
  job uuid primary key,
  queue text not null,
  change text not null,
  work jsonb not null,
  worker uuid not null references pgwitness.workers,
  cancelled boolean not null default false,
  made_at timestamptz not null default now()
);

create table pgwitness.failures (
  change text not null,
  kind text not null,
  delivery text not null,
  attempts int not null,
  message text not null,
  made_at timestamptz not null default now()
) partition by range (made_at);

create table pgwitness.reviews (
  change text not null,
  forge text not null,
  owner text not null,
  head_sha text not null,
  finished_at timestamptz not null,
  seconds double precision not null,
  report jsonb not null,
  made_at timestamptz not null default now()
) partition by range (made_at);
create index reviews_by_change on pgwitness.reviews (change, finished_at desc);

-- Apart from reviews: a review that replaces another has spent its own seconds.
create table pgwitness.spending (
  owner text not null,
  finished_at timestamptz not null,
  seconds double precision not null,
  made_at timestamptz not null default now()
) partition by range (made_at);
create index spending_by_owner on pgwitness.spending (owner, finished_at);

-- What people did: a row an act, kept.
create table pgwitness.ignores (
  change text not null,
  fingerprint text not null,
  reason text not null,
  login text not null,
  made_at timestamptz not null default now(),
  primary key (change, fingerprint)
);

create table pgwitness.trusts (
  change text not null,
  head_sha text not null,
  login text not null,
  made_at timestamptz not null default now(),
  primary key (change, head_sha)
);

-- What is said once in a change, and to which comment.
create table pgwitness.said (
  change text not null,
  what text not null,
  comment bigint not null,
  made_at timestamptz not null default now(),
  primary key (change, what)
);
