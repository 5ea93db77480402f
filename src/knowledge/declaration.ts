/** What `knowledge.yml` and `kb add` say of a source. */
import { z } from 'zod'

const common = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
    .describe('Names the source for good: `manual-17`.'),
  imported: z
    .strictObject({ path: z.string(), at: z.iso.datetime() })
    .optional()
    .describe(
      'Written by `kb import`: where the exporting machine read it. It is not read from there, nor synced, until it is declared anew.',
    ),
}
const place = { path: z.string().describe('Folder or file on this machine.') }

/** docs/knowledge.md is generated from these descriptions. */
export const SourceDeclaration = z.discriminatedUnion('type', [
  z.strictObject({
    ...common,
    type: z.literal('manual').describe('The Postgres manual of one major version.'),
    postgres: z.int().min(10).max(30).describe('Major version.'),
    path: z
      .string()
      .optional()
      .describe('Folder of a built manual, such as the html of Debian\u2019s postgresql-doc-15. Without it postgresql.org is crawled.'),
  }),
  z.strictObject({
    ...common,
    type: z.literal('release-notes').describe('The release notes of one major version, from its manual.'),
    postgres: z.int().min(10).max(30).describe('Major version.'),
    path: z.string().optional().describe('Folder of a built manual. Without it postgresql.org is crawled.'),
  }),
  z.strictObject({
    ...common,
    ...place,
    type: z
      .literal('tool-manual')
      .describe(
        'Markdown, HTML, AsciiDoc or reStructuredText of another tool in a git checkout: PgBouncer, Patroni, pgvector, pgBackRest, WAL-G, DBLab.',
      ),
    url: z
      .url()
      .describe(
        'Where people read it: `{path}` and `{name}` (without its ending) stand for the path of a file; without them it is appended.',
      ),
    title: z.string().describe('Name of the tool.'),
    licence: z.string().optional().describe('SPDX identifier of the licence.'),
    include: z.array(z.string()).default([]).describe('Globs of the files; all that can be read without any.'),
  }),
  z.strictObject({
    ...common,
    ...place,
    type: z.literal('source-code').describe('A git checkout of Postgres: READMEs, comments of headers and functions, error messages.'),
    tag: z.string().describe('Tag or branch that is checked out: `REL_17_2`. Links go there.'),
    include: z.array(z.string()).default([]).describe('Globs of the files.'),
  }),
  z.strictObject({
    ...common,
    ...place,
    type: z.literal('article').describe('Articles and how-tos, Markdown or HTML.'),
    author: z.string().min(1).describe('Who wrote them.'),
    permission: z.string().min(1).describe('By whom and where it was allowed to use them.'),
    url: z.url().describe('Where people read them, as for `tool-manual`.'),
    verified: z.boolean().default(false).describe('Somebody checked what they say: trusted like the manual.'),
    licence: z.string().optional().describe('SPDX identifier of the licence.'),
  }),
  z.strictObject({
    ...common,
    ...place,
    type: z.literal('mailing-list').describe('mbox files of a list.'),
    list: z.string().describe('Name of the list: `pgsql-hackers`.'),
    trustedAuthors: z.array(z.string()).default([]).describe('Addresses whose messages are trusted like the manual.'),
  }),
  z.strictObject({
    ...common,
    type: z.literal('web-page').describe('Single pages on demand.'),
    urls: z.array(z.url()).min(1).describe('Their addresses.'),
    hosts: z.array(z.string()).min(1).describe('Hosts that may be asked; no redirect leads elsewhere.'),
    author: z.string().optional().describe('Who wrote them.'),
  }),
])
export type SourceDeclaration = z.infer<typeof SourceDeclaration>
