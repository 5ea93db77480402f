-- migrate:up transaction:false
set local lock_timeout = '2s';
create index concurrently if not exists order_items_quantity_idx on order_items (quantity);

-- migrate:down transaction:false
drop index order_items_quantity_idx;
