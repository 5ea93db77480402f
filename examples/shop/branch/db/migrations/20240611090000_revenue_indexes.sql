-- migrate:up
create table revenue (
  day date primary key,
  product_id bigint not null references products (id),
  country char(2) not null,
  amount numeric(12, 2) not null
);
create index if not exists revenue_for_the_monthly_report_grouped_by_product_and_by_country_first on revenue (product_id, country);
create index if not exists revenue_for_the_monthly_report_grouped_by_product_and_by_country_last on revenue (country, product_id);

-- migrate:down
drop table revenue;
