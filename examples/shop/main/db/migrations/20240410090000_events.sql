-- migrate:up
create table events (
  happened_at timestamptz not null,
  customer_id bigint,
  kind text not null,
  details jsonb not null default '{}'
) partition by range (happened_at);
create table events_2024_04 partition of events for values from ('2024-04-01') to ('2024-05-01');
create table events_rest partition of events default;
create index events_customer_id_idx on events (customer_id);

create table events_2024_05 (like events including all);

-- migrate:down
drop table events_2024_05;
drop table events;
