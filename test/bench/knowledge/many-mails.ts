/** A mailing list of any size in a knowledge base: some mails stored as any are, and Postgres makes further ones of them. */
import pg from 'pg'
import type { KnowledgeBase, SyncReport } from '../../../src/knowledge/knowledge-base.ts'
import type { Source } from '../../../src/knowledge/source.ts'
import type { MailWriter } from './mail-writer.ts'

const LIST = 'made-up'
/** Of half a mail: whole ones of real lists have about 150 where quoted text is left out. */
const WORDS = { least: 25, more: 80 }
/** Of so many, words are counted when there are more. */
const COUNTED = 100_000

const signal = new AbortController().signal

/** Stores short mails; all further ones are made of these. */
export async function storeMails(base: KnowledgeBase, writer: MailWriter, count: number): Promise<SyncReport> {
  await base.declare({ name: LIST, type: 'mailing-list', list: LIST, path: '/nowhere', trustedAuthors: [] })
  return await base.sync(LIST, shortMails(writer, count), { signal, progress() {} })
}

function shortMails(writer: MailWriter, count: number): Source {
  const facts = { author: 'Ada', date: '2024-05-06', licence: null, trust: 'unknown', versions: null } as const
  return {
    async *read() {
      for (let index = 0; index < count; index++) {
        const text = writer.paragraph(WORDS.least + writer.number(WORDS.more))
        const blocks = [{ breadcrumb: [], anchor: null, kind: 'message' as const, term: null, text }]
        const place = { key: `${index}`, revision: 'stored', title: writer.subject(), url: `https://lists.example/${index}` }
        yield { kind: 'document', document: { ...place, ...facts, problems: [], blocks } }
      }
    },
  }
}

/** Adds mails of two stored ones each, every pair another one, until the list has `total`. The larger partition is built aside and changed for the old one. */
export async function multiplyMails(url: string, total: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(STORED)
    const [counts] = (await client.query(COUNTS)).rows as [{ stored: number; there: number }]
    await client.query(NEW_PARTITION)
    await client.query(MORE, [counts.stored, counts.there - counts.stored, total - counts.there])
    for (const sql of IN_ITS_PLACE) await client.query(sql)
    const share = Math.min(1, COUNTED / total)
    await client.query(COUNT_WORDS, [share, `select words from ${PARTITION} tablesample bernoulli (${100 * share}) repeatable (1)`])
    await client.query(COUNT_MAILS, [LIST])
    await client.query('vacuum analyze pgwitness.passages_mailing_list, pgwitness.passages_manual, pgwitness.words, pgwitness.documents')
  } finally {
    await client.end()
  }
}

const PARTITION = 'pgwitness.passages_mailing_list'
const STORED = `create table if not exists stored_mails as
  select row_number() over (order by p.id) - 1 as nth, p.*, d.title from ${PARTITION} as p join pgwitness.documents as d on d.id = p.document;
  create unique index if not exists stored_mails_nth on stored_mails (nth); analyze stored_mails`
const COUNTS = `select (select count(*)::int from stored_mails) as stored, (select count(*)::int from ${PARTITION}) as there`
const NEW_PARTITION = `create table passages_more (like ${PARTITION} including defaults including constraints including storage) with (toast_tuple_target = 8160);
  insert into passages_more select * from ${PARTITION}`

/** Of $1 stored ones, leaving out the first $2 pairs. */
const MORE = `with pair as (
    select n, a.type, a.title, a.text || E'\\n\\n' || b.text as text, a.tokens + b.tokens as tokens, a.length + b.length as length,
      a.words || ts_filter(b.words, '{d}') as words
    from generate_series($2::bigint, $2::bigint + $3::bigint - 1) as n
    join stored_mails as a on a.nth = n % $1::bigint
    join stored_mails as b on b.nth = (n * 7919 + n / $1::bigint * 104729 + 1) % $1::bigint
  ), document as (
    insert into pgwitness.documents (source, key, revision, title, url, trust, passages, words, metadata)
    select '${LIST}', 'pair ' || n, 'made', title, 'https://lists.example/pair-' || n, 0, 1, length,
      '{"author": "Ada", "date": "2024-05-06", "licence": null, "problems": []}' from pair
    returning id, key
  )
  insert into passages_more (type, document, position, kind, breadcrumb, text, tokens, trust, place, length, words)
  select type, document.id, 0, 'message', '{}', text, tokens, 0, hashtextextended(document.key, 0), length, pair.words
  from pair join document on document.key = 'pair ' || n`

const IN_ITS_PLACE = [
  'alter table passages_more add primary key (type, id)',
  'create index on passages_more (document)',
  'create index on passages_more using gin (words) with (gin_pending_list_limit = 1024)',
  'create index on passages_more using gin (metadata jsonb_path_ops)',
  `alter table pgwitness.passages detach partition ${PARTITION}`,
  `drop table ${PARTITION} cascade`,
  'alter table passages_more rename to passages_mailing_list',
  'alter table passages_mailing_list set schema pgwitness',
  `alter table pgwitness.passages attach partition ${PARTITION} for values in ('mailing-list')`,
  'truncate pgwitness.words',
]

const COUNT_WORDS = `insert into pgwitness.words
  select word, greatest(1, sum(passages)) from (
    select word, ndoc / $1::float8 as passages from ts_stat($2)
    union all select word, ndoc from ts_stat('select words from pgwitness.passages where type <> ''mailing-list''')
  ) as counted group by word`
const COUNT_MAILS = `update pgwitness.sources set (documents, passages, words) =
  (select count(distinct document), count(*), sum(length) from ${PARTITION}) where name = $1`
