-- migrate:up transaction:false
set local lock_timeout = '2s';
create index concurrently if not exists order_items_for_the_report_on_quantity_and_unit_price_by_order on order_items (order_id, quantity);
create index concurrently if not exists order_items_for_the_report_on_quantity_and_unit_price_by_product on order_items (product_id, quantity);

-- migrate:down
