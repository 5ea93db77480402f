-- migrate:up
create index orders_customer_id_idx on orders (customer_id);
create index concurrently orders_placed_at_idx on orders (placed_at);

-- migrate:down
drop index orders_customer_id_idx;
