-- migrate:up
alter type order_status add value 'cancelled';
update orders set status = 'cancelled' where placed_at < now() - interval '90 days' and status = 'new';

-- migrate:down
