-- migrate:up
create table payments (
  id uuid primary key default gen_random_uuid(),
  order_id bigint not null references orders (id),
  amount numeric(10, 2) not null,
  provider text not null,
  provider_reference text,
  received_at timestamptz not null default now(),
  constraint payments_reference_key unique (provider, provider_reference)
);
create index payments_order_id_idx on payments (order_id);

create view open_orders as
  select orders.id, orders.customer_id, orders.status, orders.placed_at
  from orders
  where orders.status <> 'shipped';

-- migrate:down
drop view open_orders;
drop table payments;
