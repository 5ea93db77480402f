-- migrate:up
alter table products add column archived boolean;
update products set archived = discontinued_at is not null;

do $$
begin
  if not exists (select from information_schema.columns where table_name = 'payments' and column_name = 'fee') then
    execute 'alter table payments add column fee numeric default random()';
  end if;
end
$$;

-- migrate:down
alter table products drop column archived;
