-- What it costs to embed a source is told without reading its passages. Of sources that were synced before, `kb doctor --fix` counts them.
alter table pgwitness.sources add column tokens bigint not null default 0;
