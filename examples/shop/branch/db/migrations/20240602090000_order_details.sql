-- migrate:up
alter table orders add column public_id uuid not null default gen_random_uuid();
alter table orders add column updated_at timestamptz not null default now();
alter table orders alter column email set not null;
alter table customers add column billing_email email_address;
alter table customers alter column phone type varchar(40);

-- migrate:down
alter table customers drop column billing_email;
alter table orders drop column updated_at, drop column public_id;
