-- migrate:up
create type order_status as enum ('new', 'paid', 'shipped');

create table orders (
  id bigint generated always as identity primary key,
  customer_id bigint not null references customers (id),
  status order_status not null default 'new',
  email text,
  note text,
  placed_at timestamptz not null default now()
);

create table order_items (
  id integer generated always as identity primary key,
  order_id bigint not null references orders (id) deferrable initially deferred,
  product_id bigint not null references products (id),
  quantity integer not null,
  unit_price numeric(10, 2) not null
);
create index order_items_order_id_idx on order_items (order_id);
create index order_items_product_id_idx on order_items (product_id);

-- migrate:down
drop table order_items;
drop table orders;
drop type order_status;
