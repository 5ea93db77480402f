-- What PostgREST serves: docs/postgrest.md. Everything of it is read only, and answers from full text alone. It is ASCII, as a database may have another encoding.

-- What people say and what the manual says, in stems, as the code has it: kept up by each sync. A phrase is one text, its words parted by blanks.
create table pgwitness.synonyms (
  id bigint generated always as identity primary key,
  asked text[] not null,
  meant text[] not null,
  weight double precision not null
);
create table pgwitness.stop_words (
  word text primary key
);

-- Without stop words of its own: `not`, `only` and `all` are words of SQL.
create text search dictionary pgwitness.stemmer (template = pg_catalog.snowball, language = english);

create function pgwitness.stem(word text) returns text
language sql stable strict parallel safe
return case
  -- Added, erred: a newer Snowball, which code has, keeps what the one of Postgres before 18 makes `ad` and `er`.
  when word ~ '^[aeo](?:bb|dd|ff|gg|mm|nn|pp|rr|tt)(?:ed|ing)(?:ly)?$' then left(word, 3)
  when word ~ '^[a-z]{3,}$' then coalesce((ts_lexize('pgwitness.stemmer', word))[1], word)
  else word
end;

-- The words of a text as they are indexed, a row for each part of each: `max_wal_size` has three, and is one as a whole. An operator has a whole, and no part.
create function pgwitness.read_words(written text)
returns table (nth bigint, place bigint, whole text, part text, stem text, is_stop boolean)
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
  with pieces as (
    select row_number() over (order by m.n, s.n) as nth, s.piece,
      case when m.found[1] ~ '^[-+*<>=~!@#%^&|?]+$' then 'operator' when m.found[1] like '-%' then 'option' else 'word' end as kind
    from regexp_matches(
      replace(written, pg_catalog.chr(8217), ''''),
      -- Letters of other scripts are letters also where the locale is C.
      '([[:alnum:]\u00c0-\u1fff\u2070-\uffff_$]+(?:(?:[.'':/-]|::)[[:alnum:]\u00c0-\u1fff\u2070-\uffff_$]+)*|(?<![[:alnum:]\u00c0-\u1fff\u2070-\uffff-])--?[a-zA-Z](?:[a-zA-Z-]*[a-zA-Z])?(?![[:alnum:]\u00c0-\u1fff\u2070-\uffff])|[-+*<>=~!@#%^&|?]{2,})', 'g'
    ) with ordinality as m(found, n)
    cross join lateral regexp_split_to_table(m.found[1], case
      when m.found[1] ~ '^[-+*<>=~!@#%^&|?]' then 'nothing to part'
      when m.found[1] ~* '\.(?:conf|sql|html?|[ch]|so|dll|exe|pid|opts|control|csv|gz|auto|backup|history|signal|key|crt|pl|py|md|txt)$' then '[:/]+'
      else '::|[:/]|(?<=[[:alpha:]_\u00c0-\u1fff])\.|\.(?=[[:alpha:]_\u00c0-\u1fff])'
    end) with ordinality as s(piece, n)
    where length(m.found[1]) <= 80 and s.piece <> '' and m.found[1] !~ '^(?:[-=*#!]{3,}|--|\*\*)$'
  ), bare as (
    select nth, kind, piece, case kind when 'word' then regexp_replace(piece, '''s?$', '', 'i') else piece end as bare from pieces
  ), parted as (
    select nth, kind, piece, bare, case
      when kind = 'operator' then '{}'
      when kind = 'option' then array_remove(string_to_array(lower(piece), '-'), '')
      when bare ~* '^[a-z]+''[a-z]+$' then array[lower(replace(bare, '''', ''))]
      -- Between the parts of camel case: AccessShareLock, WALWriteLock.
      else array_remove(regexp_split_to_array(
        lower(regexp_replace(regexp_replace(bare, '([a-z0-9])([A-Z])', '\1 \2', 'g'), '([A-Z])([A-Z][a-z])', '\1 \2', 'g')), '[ _.''$-]+'), '')
    end as parts
    from bare
  )
  select nth, coalesce(p.place, 1),
    case when kind = 'operator' then lower(piece) when kind = 'option' then piece
      when cardinality(parts) > 1 then regexp_replace(lower(bare), '[''-]', '', 'g') end,
    p.part, pgwitness.stem(p.part),
    kind = 'word' and cardinality(parts) = 1 and exists (select from pgwitness.stop_words as stop where stop.word = p.part)
  from parted left join lateral unnest(parts) with ordinality as p(part, place) on true;
end;
$$;

create type pgwitness.form as (
  -- Which idea of the question it puts into words.
  concept int,
  -- Several are a phrase.
  lexemes text[],
  -- In how many passages it is at most.
  passages double precision,
  weight double precision
);

-- Slips of the pen: what a word that nothing stored has may have been meant to be. One letter too many, too few, another, or two the wrong way round.
create function pgwitness.guess_word(word text) returns table (lexeme text, weight double precision, passages double precision)
language sql stable strict
set search_path = pg_catalog, pg_temp
begin atomic
  select g.lexeme, 0.98 - 0.15 * row_number() over (order by g.passages desc, g.lexeme), g.passages::double precision
  from pgwitness.words as g
  where length(word) between 4 and 40 and word ~ '^[a-z][a-z_]*$'
    and g.passages >= 3 and left(g.lexeme, 1) in (left(word, 1), substr(word, 2, 1)) and length(g.lexeme) between length(word) - 1 and length(word) + 1
    and g.lexeme like any(array(
      select unnest(array[
        left(word, i) || '_' || substr(word, i + 1), left(word, i) || '_' || substr(word, i + 2), left(word, i) || substr(word, i + 2),
        left(word, i) || substr(word, i + 2, 1) || substr(word, i + 1, 1) || substr(word, i + 3)])
      from generate_series(0, length(word)) as i))
  order by g.passages desc, g.lexeme limit 3;
end;

-- What a question asks for: its words, what they mean in the trade, and how much each counts, by how rare it is here. As src/knowledge/search/question-words.ts
-- and weigh.ts.
create function pgwitness.read_question(question text) returns setof pgwitness.form
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  with word as materialized (
    select *, row_number() over (order by nth, place) as at from pgwitness.read_words(left(question, 4000)) limit 200
  ), sequence as materialized (
    select ' ' || string_agg(stem, ' ' order by at) || ' ' as stems, array_agg(nth order by at) as nths from word where part is not null
  ), added as materialized (
    select s.nths[length(s.before) - length(replace(s.before, ' ', ''))] as nth, string_to_array(m.phrase, ' ') as lexemes, s.weight
    from (
      select sequence.nths, left(sequence.stems, strpos(sequence.stems, ' ' || y.asked[1] || ' ')) as before, y.meant, y.weight
      from sequence, pgwitness.synonyms as y
      where not exists (select from unnest(y.asked) as a(phrase) where strpos(sequence.stems, ' ' || a.phrase || ' ') = 0)
    ) as s, unnest(s.meant) as m(phrase)
    union all
    -- auto vacuum, check point, dead lock
    select a.nth, array[pgwitness.stem(a.part || b.part)], 0.9
    from (select *, row_number() over (order by at) as n from word where part is not null) as a
    join (select *, row_number() over (order by at) as n from word where part is not null) as b on b.n = a.n + 1 and b.nth = a.nth + 1
    where not a.is_stop and not b.is_stop
  ), said as (
    -- Of each word the best form first: it names the concept.
    select nth * 1000 as concept, 1 as rank, array[coalesce(w.whole, w.stem)] as lexemes, 1.0 as weight, 1.0 as importance
    from (select distinct on (nth) * from word order by nth, place) as w where not w.is_stop and coalesce(w.whole, w.stem) is not null
    union all
    select nth * 1000, 2, array_agg(stem order by place), 0.9, 1.0 from word where whole is not null and part is not null group by nth having count(*) > 1
    union all
    select nth * 1000, 3, lexemes, weight, 1.0 from added
    union all
    select nth * 1000 + place, 1, array[stem], 1.0, case when count(*) over (partition by nth) > 1 then 0.4 else 0.8 end
    from word where whole is not null and length(part) > 1
    union all
    -- What a phrase says is worth something also when its words stand apart.
    select 1000000 + 1000 * row_number() over (order by a.nth, a.lexemes), 1, array[l.lexeme], 1.0, 0.4 * a.weight
    from added as a, unnest(a.lexemes) as l(lexeme) where cardinality(a.lexemes) > 1
  ), named as (
    select *, first_value(lexemes) over (partition by concept order by rank, weight desc, lexemes) as name from said
  ), concept as (
    -- The same idea said twice counts once.
    select name, row_number() over (order by min(concept)) as concept, min(concept) < 1000000 as is_asked,
      least(1.3, max(importance) + 0.1 * (count(distinct concept) - 1)) as importance
    from named group by name
  ), form as (
    select c.concept, c.importance, c.is_asked, c.name, n.lexemes, max(n.weight) as weight
    from concept as c join named as n using (name) where c.concept <= 40 group by c.concept, c.importance, c.is_asked, c.name, n.lexemes
  ), corpus as (
    select coalesce(sum(passages), 0)::double precision as passages from pgwitness.sources
  ), counted as materialized (
    select f.*, (
      select min(coalesce(w.passages, 0)) from unnest(f.lexemes) as l(lexeme) left join pgwitness.words as w using (lexeme)
    )::double precision as passages
    from form as f
  ), guessed as (
    select u.concept, u.importance, g.lexeme, g.weight, g.passages
    from (
      select c.concept, c.importance, c.name from counted as c where c.is_asked group by c.concept, c.importance, c.name having max(c.passages) = 0
    ) as u cross join lateral pgwitness.guess_word(u.name[1]) as g
  ), known as (
    select c.concept, c.importance, c.lexemes, c.weight, c.passages from counted as c where c.passages > 0
    union all
    select g.concept, g.importance, array[g.lexeme], g.weight, g.passages from guessed as g
  )
  select k.concept::int, k.lexemes, k.passages,
    (k.weight * k.importance)::double precision * ln(1 + greatest(0, corpus.passages - k.passages + 0.5) / (k.passages + 0.5))
  from known as k, corpus order by k.concept, k.weight desc, k.lexemes;
end;
$$;

-- Of a tsquery.
create function pgwitness.phrase_query(lexemes text[]) returns text
language sql immutable strict parallel safe
return '(' || (
  select string_agg('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''', ' <-> ' order by place)
  from unnest(lexemes) with ordinality as l(lexeme, place)
) || ')';

-- Which passages of a type are looked at at all: a tsquery of groups of words that say much of the question, as many as there is room for, as
-- src/knowledge/search/candidates.ts makes it. Rare words may stand alone, common ones only with others.
create function pgwitness.candidate_query(forms pgwitness.form[], all_passages double precision, of_type double precision) returns text
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
declare
  room double precision := case when of_type > 0.99 * all_passages then 3000 else 1500 end;
  candidate record;
  chosen jsonb := '[]';
begin
  for candidate in
    with form as materialized (
      select row_number() over (order by weight desc, passages, lexemes) as n, concept, weight, pgwitness.phrase_query(lexemes) as query,
        passages * of_type / greatest(1, all_passages) as passages, passages / greatest(1, all_passages) as share
      from unnest(forms)
    ), pair as materialized (
      select a.n as a, b.n as b, a.concept as a_concept, b.concept as b_concept, a.weight + b.weight as weight, a.query || ' & ' || b.query as query,
        -- Words of one text come together more often than by chance.
        least(a.passages, b.passages, of_type * a.share * b.share * 3) as expected
      from form as a join form as b on b.n > a.n and b.n < a.n + 10 and b.concept <> a.concept
    )
    select jsonb_build_array(n) as members, query, passages as expected, weight from form
    union all
    select jsonb_build_array(a, b), query, expected, weight from pair
    union all
    select jsonb_build_array(p.a, p.b, c.n), p.query || ' & ' || c.query, least(p.expected, c.passages, p.expected * c.share * 3), p.weight + c.weight
    from pair as p join form as c on c.n > p.b and c.n < p.a + 8 and c.concept not in (p.a_concept, p.b_concept)
    order by weight desc, expected, members
  loop
    continue when candidate.expected > room and chosen <> '[]';
    room := room - candidate.expected;
    chosen := chosen || jsonb_build_object('members', candidate.members, 'query', candidate.query);
  end loop;
  -- Who has two of three words is found by the two.
  return (
    select string_agg('(' || (s.one ->> 'query') || ')', ' | ') from jsonb_array_elements(chosen) as s(one)
    where not exists (
      select from jsonb_array_elements(chosen) as o(one)
      where jsonb_array_length(o.one -> 'members') < jsonb_array_length(s.one -> 'members') and (s.one -> 'members') @> (o.one -> 'members')
    )
  );
end;
$$;

-- The sentence that says most of what was asked, literally; of a long one a part.
create function pgwitness.quote(text text, forms pgwitness.form[]) returns text
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return (
  with sentence as (
    select s.n, btrim(s.sentence, E' \n\t') as sentence
    from unnest(string_to_array(
      regexp_replace(regexp_replace(text, '([.!?:][)"'']?)(?=\s+["''(]?[A-Z0-9])', E'\\1\x01', 'g'), '\n\s*\n', E'\x01', 'g'), E'\x01'
    )) with ordinality as s(sentence, n)
  ), piece as materialized (
    select s.n, p.n as part, p.found[1] as piece from sentence as s
    cross join lateral regexp_matches(s.sentence, '\S+(?:\s+\S+){0,59}', 'g') with ordinality as p(found, n)
    order by s.n, p.n limit 200
  ), lexeme as (
    select p.n, p.part, ' ' || coalesce(string_agg(coalesce(w.stem, w.whole), ' ' order by w.nth, w.place), '') || ' '
      || coalesce(string_agg(w.whole, ' '), '') || ' ' as said
    from piece as p left join lateral pgwitness.read_words(p.piece) as w on true group by p.n, p.part
  )
  select piece from (
    select p.n, p.part, p.piece, (
      select sum(best) from (
        select max(case when strpos(l.said, ' ' || array_to_string(f.lexemes, ' ') || ' ') > 0 then f.weight else 0 end) as best
        from unnest(forms) as f group by f.concept
      ) as hits
    ) * (1 - 0.004 * cardinality(regexp_split_to_array(p.piece, '\s+'))) as value
    from piece as p join lexeme as l using (n, part)
  ) as valued
  order by value desc, n, part limit 1);
end;
$$;

-- By how, where and how near each other passages say what was asked; the best of each place, further ones of a page only when they stand out. As
-- src/knowledge/search/rank.ts and diversify.ts. Whoever knows no statistics of these rows plans loops in loops.
create function pgwitness.rank_passages(forms pgwitness.form[], passages pgwitness.passages[], asker int, mean_length double precision, most int)
returns table (id bigint, score double precision)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
as $$
#variable_conflict use_column
begin
  return query
  with chosen as materialized (
    select c.id, c.document, coalesce(c.anchor, '') as anchor, c.words, 0.7 + 0.3 * c.length / mean_length as norm,
      case c.trust when 0 then 0.85 else 1 end * case when asker between c.from_version and c.to_version is false then 0.9 else 1 end as belief
    from unnest(passages) as c
  ), form as materialized (
    -- Rare words weigh less against common ones here: by now each passage says some of what was asked.
    select f.form, f.concept, f.lexemes, cardinality(f.lexemes) as size, power(f.weight, 0.65) as weight
    from unnest(forms) with ordinality as f(concept, lexemes, passages, weight, form)
  ), part as materialized (
    select f.form, f.concept, f.size, l.lexeme, l.place::int as place from form as f, unnest(f.lexemes) with ordinality as l(lexeme, place)
  ), placed as materialized (
    select c.id, u.lexeme, x.at::int as at, x.field from chosen as c, unnest(c.words) as u, unnest(u.positions, u.weights) as x(at, field)
    where u.lexeme = any(array(select distinct part.lexeme from part))
  ), said as materialized (
    select placed.id, part.concept, part.form, placed.at - part.place as at from placed join part using (lexeme)
    where placed.field = 'D' group by 1, 2, 3, 4, part.size having count(*) >= part.size
  ), headed as materialized (
    select placed.id, part.concept, part.form, placed.field, part.size from placed join part using (lexeme)
    where placed.field in ('A', 'B') group by 1, 2, 3, 4, 5 having count(distinct placed.lexeme) >= part.size
  ), often as (
    select o.id, o.form, sum(o.often) as often from (
      select s.id, s.form, s.often / c.norm as often from (select id, form, count(*) as often from said group by id, form) as s join chosen as c using (id)
      union all
      select h.id, h.form, case h.field when 'A' then 0.9 else 1.9 end from headed as h
    ) as o group by o.id, o.form
  ), hit as materialized (
    select o.id, f.concept, max(f.weight * o.often * 2.7 / (o.often + 1.7)) as hit from often as o join form as f using (form) group by o.id, f.concept
  ), concept as materialized (
    select f.concept, max(f.weight) as weight, lead(max(f.weight)) over (order by f.concept) as next_weight,
      lead(f.concept) over (order by f.concept) as next_concept
    from form as f group by f.concept
  ), near as (
    -- Neighbours of the question that are neighbours here.
    select n.id, sum(n.weight / sqrt(n.distance)) as near from (
      select a.id, a.concept, min(least(c.weight, c.next_weight)) as weight, min(abs(b.at - a.at) + (b.at < a.at)::int) as distance
      from said as a join concept as c using (concept) join said as b on b.id = a.id and b.concept = c.next_concept
      where b.at <> a.at and b.at between a.at - 8 and a.at + 8 group by a.id, a.concept
    ) as n where n.distance <= 8 group by n.id
  ), named as (
    -- How much of the passage's name was asked for.
    select n.id, sum(n.weight) * least(1, sum(n.size)::double precision / max(length(ts_filter(c.words, '{a}')))) as named
    from (
      select distinct on (h.id, h.concept) h.id, f.weight, f.size from headed as h join form as f using (form)
      where h.field = 'A' order by h.id, h.concept, h.form
    ) as n join chosen as c using (id) group by n.id
  ), said_in_all as (
    select h.id, sum(h.hit) as hits, sum(least(h.hit, k.weight)) as matched from hit as h join concept as k using (concept) group by h.id
  ), page as (
    -- What the passages of one page, and of one section, say together.
    select b.document, sum(b.best) as said from (
      select c.document, h.concept, max(h.hit) as best from hit as h join chosen as c using (id) group by 1, 2
    ) as b group by b.document
  ), section as (
    select b.document, b.anchor, sum(b.best) as said from (
      select c.document, c.anchor, h.concept, max(h.hit) as best from hit as h join chosen as c using (id) group by 1, 2, 3
    ) as b group by b.document, b.anchor
  ), ranked as (
    select c.id, c.document, c.anchor, c.belief * (
        a.hits * (0.8 + 0.2 * power(a.matched / (select sum(k.weight) from concept as k), 0.25)) + 0.21 * coalesce(near.near, 0)
          + 0.18 * coalesce(named.named, 0) + 0.28 * page.said + 0.29 * section.said) as score
    from chosen as c join said_in_all as a using (id) left join near using (id) left join named using (id)
    join page using (document) join section using (document, anchor)
  ), first as (
    select f.id, f.score * power(0.93, row_number() over (partition by f.document order by f.score desc, f.id) - 1) as diverse
    from (select distinct on (r.document, r.anchor) r.* from ranked as r order by r.document, r.anchor, r.score desc, r.id) as f
  )
  select f.id, f.diverse from first as f order by f.diverse desc, f.id limit most;
end;
$$;

-- The best passages: roughly, by words, among those that the index finds (src/knowledge/search/find-passages.ts); then the best of them ranked in full.
create function pgwitness.search_passages(question text, asker int, wanted_types text[], most int)
returns table (url text, title text, quote text, trust text, score double precision, source text, type text, author text, date text, licence text, versions jsonb)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  forms pgwitness.form[];
  all_passages double precision;
  mean_length double precision;
  formula text;
  rough pgwitness.passages[];
begin
  if question is null or most < 1 then return; end if;
  forms := array(select q from pgwitness.read_question(question) as q);
  if cardinality(forms) = 0 then return; end if;
  select sum(s.passages), greatest(1, sum(s.words) / greatest(1, sum(s.passages))) into all_passages, mean_length from pgwitness.sources as s;

  -- Written out, as this reads some thousand rows: a sum over an array takes thrice as long.
  select string_agg(format('%s * ts_rank(''{0.5, 0.5, 0.6, 1}'', p.words, %L::tsquery)', f.weight, pgwitness.phrase_query(f.lexemes)), ' + ')
    into formula from unnest(forms) as f;
  -- Each type by a query of its own: a million mails would leave little room for a manual of some thousand passages.
  select string_agg(format(
      $sql$select p.type, p.id, p.place, (%s) / (0.65 + 0.35 * p.length / $1) as score, case when p.from_version is null then 0
          when $2 is null then 100 - coalesce(p.to_version, p.from_version)
          else greatest(p.from_version - $2, $2 - coalesce(p.to_version, p.from_version), 0) end as distance
        from pgwitness.passages as p where p.type = %L and p.words @@ %L::tsquery$sql$,
      formula, t.type, pgwitness.candidate_query(forms, all_passages, t.passages)), ' union all ')
    into formula
    from (select s.type, sum(s.passages)::double precision as passages from pgwitness.sources as s where s.passages > 0 group by s.type) as t
    where wanted_types is null or t.type = any(wanted_types);
  if formula is null then return; end if;
  execute format(
    $sql$with candidate as materialized (%s),
      nearest as (select *, min(distance) over (partition by place) as least from candidate),
      counted as (select *, row_number() over (partition by type order by score desc, id) as nth, count(*) over (partition by type) as of_type,
        count(*) over () as all_types from nearest where distance = least)
      select array_agg(p) from (
        select type, id from counted where nth <= 150 or of_type = all_types order by score desc, id limit 250
      ) as best join pgwitness.passages as p using (type, id)$sql$, formula)
    into rough using mean_length, asker;

  return query
    select d.url || case when p.anchor is null or strpos(d.url, '#') > 0 then '' else '#' || p.anchor end,
      concat_ws(' ' || chr(8250) || ' ', d.title, nullif(array_to_string(p.breadcrumb, ' ' || chr(8250) || ' '), ''), p.term),
      pgwitness.quote(p.text, forms), (array['unknown', 'high', 'highest'])[p.trust + 1], best.score, d.source, p.type,
      d.metadata ->> 'author', d.metadata ->> 'date', d.metadata ->> 'licence',
      case when p.from_version is not null and p.to_version is not null then jsonb_build_object('from', p.from_version, 'to', p.to_version) end
    from pgwitness.rank_passages(forms, rough, asker, mean_length, most) as best
    join unnest(rough) as p using (id) join pgwitness.documents as d on d.id = p.document
    order by best.score desc, best.id;
end;
$$;

-- Makes what PostgREST serves, as far as it may, and tells what it may not. To be called again when an administrator has done the rest.
create function pgwitness.install_api() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  reader name;
begin
  if to_regnamespace('api') is null then
    begin
      create schema api;
    exception when insufficient_privilege then
      raise notice 'pgwitness: % may not create the schema api, so there is no HTTP API; docs/postgrest.md says how to add it', current_user;
      return;
    end;
  end if;
  if not has_schema_privilege('api', 'create')
    or exists (select from pg_class where relnamespace = 'api'::regnamespace and (relname, relkind) <> ('sources', 'v'))
    or exists (select from pg_proc where pronamespace = 'api'::regnamespace and proname <> 'search_passages')
  then
    raise notice 'pgwitness: the schema api is somebody else''s, so there is no HTTP API; docs/postgrest.md says how to add it';
    return;
  end if;
  comment on schema api is $comment$What pgwitness knows about PostgreSQL

Passages of its manual, of its source code, of mailing lists and of articles, each with where it is from.$comment$;

  create or replace function api.search_passages(question text, max_results int default 5, postgres int default null, types text[] default null)
  returns table (url text, title text, quote text, trust text, score double precision, source text, type text, author text, date text, licence text, versions jsonb)
  language sql stable security definer rows 5
  set search_path = pg_catalog, pg_temp
  -- PostgREST sets it before it calls the function, where it counts.
  set statement_timeout = '5s'
  as $body$ select * from pgwitness.search_passages(question, postgres, types, least(coalesce(max_results, 5), 50)) $body$;
  comment on function api.search_passages is $comment$Passages that answer a question, the best first

`question`: in plain words, or a setting, a command, an error message. `max_results`: at most 50. `postgres`: major version of the asker's server; passages for it go before others. `types`: only of these: manual, tool-manual, source-code, release-notes, article, mailing-list, web-page.$comment$;
  revoke all on function api.search_passages from public;

  -- Joined, so that it cannot be written to.
  create or replace view api.sources as
    select s.name, s.type, (s.declaration ->> 'postgres')::int as postgres, s.declaration ->> 'title' as title, s.declaration ->> 'author' as author,
      s.declaration ->> 'permission' as permission, coalesce(s.declaration ->> 'licence', d.licence) as licence, s.documents, s.passages, s.synced_at
    from pgwitness.sources as s
    left join lateral (select one.metadata ->> 'licence' as licence from pgwitness.documents as one where one.source = s.name limit 1) as d on true;
  comment on view api.sources is $comment$Where passages are from

By whom, and who allowed it to be used here.$comment$;
  comment on column api.sources.postgres is 'Major version it speaks of.';
  comment on column api.sources.permission is 'By whom and where it was allowed to use it.';
  comment on column api.sources.licence is 'SPDX identifier where there is one.';
  comment on column api.sources.synced_at is 'When it was last read to its end.';
  revoke all on api.sources from public;

  foreach reader in array array['pgwitness_anon', 'pgwitness_reader'] loop
    if to_regrole(reader) is null then
      begin
        execute format('create role %I nologin', reader);
        execute format('alter role %I set statement_timeout = %L', reader, '5s');
      exception
        when insufficient_privilege then
          raise notice 'pgwitness: % may not create the role %, so nobody may call the HTTP API; docs/postgrest.md says how to add it', current_user, reader;
          continue;
        -- Another database of this server is made at the same time.
        when duplicate_object or unique_violation then null;
      end;
    end if;
    execute format('grant usage on schema api to %I', reader);
    execute format('grant execute on function api.search_passages to %I', reader);
    execute format('grant select on api.sources to %I', reader);
  end loop;
  perform pg_notify('pgrst', 'reload schema');
end;
$$;

revoke all on function pgwitness.stem, pgwitness.read_words, pgwitness.guess_word, pgwitness.read_question, pgwitness.phrase_query, pgwitness.candidate_query, pgwitness.quote,
  pgwitness.rank_passages, pgwitness.search_passages, pgwitness.install_api from public;

select pgwitness.install_api();
