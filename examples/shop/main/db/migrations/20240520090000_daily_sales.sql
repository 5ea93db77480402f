-- migrate:up
create materialized view daily_sales as
  select date_trunc('day', orders.placed_at) as day, sum(order_items.quantity * order_items.unit_price) as revenue
  from orders join order_items on order_items.order_id = orders.id
  group by 1;
create unique index daily_sales_day_idx on daily_sales (day);

alter table products add constraint products_title_present check (title is not null) not valid;

-- migrate:down
alter table products drop constraint products_title_present;
drop materialized view daily_sales;
