-- migrate:up
alter table order_items alter column id type bigint;

create table refunds (
  id bigint generated always as identity primary key,
  order_item_id integer not null references order_items (id),
  reason text
);
create index refunds_order_item_id_idx on refunds (order_item_id);
alter table refunds alter column reason set not null;

-- migrate:down
drop table refunds;
