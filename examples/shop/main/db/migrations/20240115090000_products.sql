-- migrate:up
create table products (
  id bigint generated always as identity primary key,
  sku text not null,
  title text not null,
  price numeric(10, 2) not null check (price >= 0),
  discontinued_at timestamptz,
  constraint products_sku_key unique (sku)
);

create table stock (
  product_id bigint primary key references products (id),
  on_hand integer not null default 0,
  warehouse text
);

-- migrate:down
drop table stock;
drop table products;
