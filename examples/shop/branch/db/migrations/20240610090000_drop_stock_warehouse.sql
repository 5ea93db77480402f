-- migrate:up
-- pgwitness-ignore avoid-drop-column: nothing has read stock.warehouse since release 41
alter table stock drop column warehouse;

-- migrate:down
