-- migrate:up
alter table payments drop column provider_reference;
create or replace view open_orders as
  select orders.id, orders.customer_id, orders.status
  from orders
  where orders.status <> 'shipped';

-- migrate:down
