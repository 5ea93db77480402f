-- migrate:up
create domain email_address as text check (value like '%_@_%');

create table customers (
  id bigint generated always as identity primary key,
  email text not null unique,
  name varchar(80) not null,
  phone varchar(20),
  country char(2),
  created_at timestamptz not null default now()
);

-- migrate:down
drop table customers;
drop domain email_address;
