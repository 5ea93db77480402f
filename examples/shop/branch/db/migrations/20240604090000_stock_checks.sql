-- migrate:up
alter table stock add constraint stock_on_hand_positive check (on_hand >= 0) not valid;
alter table stock validate constraint stock_on_hand_positive;
alter table payments add column customer_id bigint references customers (id);
alter table payments add constraint payments_amount_positive check (amount > 0);

-- migrate:down
alter table payments drop column customer_id;
