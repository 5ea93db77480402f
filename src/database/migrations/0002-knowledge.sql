-- The knowledge base. Vectors are apart: code makes their tables where there is pgvector. Words are counted by code, as no dictionary of Postgres knows identifiers.

create table pgwitness.sources (
  name text primary key,
  type text not null,
  declaration jsonb not null,
  -- Sums over its documents; `words` for the mean length that ranking needs.
  documents bigint not null default 0,
  passages bigint not null default 0,
  words bigint not null default 0,
  -- When it was last read to its end.
  synced_at timestamptz,
  made_at timestamptz not null default now()
);

create table pgwitness.documents (
  id bigint generated always as identity primary key,
  source text not null references pgwitness.sources,
  key text not null,
  revision text not null,
  title text not null,
  url text not null,
  -- 0 unknown, 1 high, 2 highest.
  trust smallint not null,
  from_version int,
  to_version int,
  passages int not null,
  words int not null,
  -- Author, date, licence, problems: what is shown and filtered by, and never joined.
  metadata jsonb not null,
  stored_at timestamptz not null default now(),
  unique (source, key)
);
create index documents_by_metadata on pgwitness.documents using gin (metadata jsonb_path_ops);

-- Identity columns of partitioned tables need Postgres 17.
create sequence pgwitness.passage_ids;

create table pgwitness.passages (
  id bigint not null default nextval('pgwitness.passage_ids'),
  type text not null,
  document bigint not null references pgwitness.documents on delete cascade,
  position int not null,
  anchor text,
  kind text not null,
  term text,
  breadcrumb text[] not null,
  text text not null,
  tokens int not null,
  -- Of its document, so that ranking need not look there.
  trust smallint not null,
  from_version int,
  to_version int,
  -- The same for the same place in other versions of the document.
  place bigint not null,
  -- Words of the text that say something.
  length int not null,
  metadata jsonb not null default '{}',
  words tsvector not null,
  primary key (type, id)
) partition by list (type);

-- Ranking reads the words of many rows: uncompressed, and beside the row.
alter table pgwitness.passages alter column words set storage external;

create table pgwitness.passages_manual partition of pgwitness.passages for values in ('manual') with (toast_tuple_target = 8160);
create table pgwitness.passages_tool_manual partition of pgwitness.passages for values in ('tool-manual') with (toast_tuple_target = 8160);
create table pgwitness.passages_source_code partition of pgwitness.passages for values in ('source-code') with (toast_tuple_target = 8160);
create table pgwitness.passages_release_notes partition of pgwitness.passages for values in ('release-notes') with (toast_tuple_target = 8160);
create table pgwitness.passages_article partition of pgwitness.passages for values in ('article') with (toast_tuple_target = 8160);
create table pgwitness.passages_mailing_list partition of pgwitness.passages for values in ('mailing-list') with (toast_tuple_target = 8160);
create table pgwitness.passages_web_page partition of pgwitness.passages for values in ('web-page') with (toast_tuple_target = 8160);

create index passages_by_document on pgwitness.passages (document);
create index passages_by_words on pgwitness.passages using gin (words) with (gin_pending_list_limit = 1024);
create index passages_by_metadata on pgwitness.passages using gin (metadata jsonb_path_ops);

-- In how many passages a word is.
create table pgwitness.words (
  lexeme text primary key,
  passages bigint not null
) with (fillfactor = 70);

-- Models that passages were embedded with; the vectors of each are in `vectors_` and its id. An older one serves until the newer is complete.
create table pgwitness.embedding_models (
  id int generated always as identity primary key,
  model text not null,
  dimensions int not null,
  complete boolean not null default false,
  made_at timestamptz not null default now(),
  unique (model, dimensions)
);
