-- migrate:up
alter table events attach partition events_2024_05 for values from ('2024-05-01') to ('2024-06-01');
refresh materialized view daily_sales;

-- migrate:down
alter table events detach partition events_2024_05;
