import type { Argument, Command, Option } from 'commander'
import { kbCommands } from '../src/commands/kb.ts'
import { SOURCE_KINDS, type SourceKind } from '../src/commands/source-fields.ts'
import { KNOWLEDGE_VARIABLES } from '../src/knowledge-environment.ts'
import { MEANING } from './knowledge-meaning-part.ts'
import { OPERATING } from './knowledge-operating-part.ts'

/** docs/knowledge.md. */
export function knowledgePage(): string {
  return PAGE.replace('{{sources}}', () => SOURCE_KINDS.map(sourceText).join('\n\n'))
    .replace('{{commands}}', () => kbCommands().map(commandText).join('\n\n'))
    .replace('{{meaning}}', () => MEANING)
    .replace('{{operating}}', () => OPERATING)
    .replace('{{variables}}', knowledgeVariables)
}

export function knowledgeVariables(): string {
  return table(
    ['variable', 'meaning'],
    Object.entries(KNOWLEDGE_VARIABLES).map(([name, meaning]) => [`\`${name}\``, meaning]),
  )
}

function sourceText({ type, description, fields }: SourceKind): string {
  const rows = fields.map(({ name, flag, kind, isRequired, description: about }) => [
    `\`${name}\``,
    `\`${flag}\``,
    `${kind === 'array' ? 'list; the option may be repeated' : kind}${isRequired ? ', required' : ''}`,
    about,
  ])
  return [`### ${type}`, description, table(['field', 'option', '', 'meaning'], rows)].join('\n\n')
}

/** Options of \`kb add\` that are fields have their place above. */
function commandText(command: Command): string {
  const fields = new Set(command.name() === 'add' ? SOURCE_KINDS.flatMap((kind) => kind.fields.map(({ flag }) => flag)) : [])
  const options = command.options.filter(({ long }) => !fields.has(long ?? ''))
  const usage = command.registeredArguments.map((argument) => (argument.required ? `<${nameOf(argument)}>` : `[${nameOf(argument)}]`))
  return [
    `### kb ${[command.name(), ...usage].join(' ')}`,
    command.description(),
    table(
      ['', ''],
      [
        ...command.registeredArguments.map((argument) => [`\`${nameOf(argument)}\``, argument.description]),
        ...options.map((option) => [`\`${option.flags}\``, aboutOption(option)]),
      ],
    ),
  ].join('\n\n')
}

function nameOf(argument: Argument): string {
  return argument.variadic ? `${argument.name()}…` : argument.name()
}

function aboutOption({ description, argChoices, defaultValue, negate }: Option): string {
  const choices = argChoices ? `: ${argChoices.map((choice) => `\`${choice}\``).join(', ')}` : ''
  const isTold = defaultValue !== undefined && defaultValue !== false && !negate
  return `${description}${choices}${isTold ? ` (by default \`${defaultValue}\`)` : ''}`
}

function table(heads: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

const PAGE = `# The knowledge base

What Postgres's manual, its source code, the manuals of its tools, articles and mailing lists say, in passages one can cite: each with its title, address and anchor, author, date, licence,
the versions it speaks of, and how far it is trusted. Generated from the declarations in \`src/knowledge/declaration.ts\`
and the commands' own options.

## In five minutes

\`\`\`sh
# The manual of your major version: crawled from postgresql.org, politely, in half an hour …
npx pgwitness kb add --type manual --postgres 17
# … or in seconds from a folder: apt-get install postgresql-doc-15, or a tree you built
npx pgwitness kb add --type manual --postgres 15 --path /usr/share/doc/postgresql-doc-15/html

npx pgwitness kb search "how do I add an index without blocking writes?"
npx pgwitness kb search --postgres 15 --limit 3 --format json -- "ERROR: deadlock detected"
npx pgwitness kb list
\`\`\`

Everything is in \`./pgwitness-data\`, or the folder \`--data\` names. One process at a time can have that open, the service too; set
\`DATABASE_URL\` for several.

## Sources in a file

\`kb sync\` reads \`knowledge.yml\` of the current folder, or the file named with \`--file\`, declares what is in it and brings it up to date. Paths are relative to the file.

\`\`\`yaml
sources:
  - { type: manual, postgres: 17, path: ./manuals/17/html }
  - { type: release-notes, postgres: 17, path: ./manuals/17/html }
  - type: tool-manual
    title: PgBouncer
    path: ./checkouts/pgbouncer/doc
    url: https://github.com/pgbouncer/pgbouncer/blob/master/doc/{path}
    licence: ISC
  - { type: source-code, path: ./checkouts/postgres, tag: REL_17_2 }
  - type: article
    path: ./articles/ada
    url: https://ada.example/{name}
    author: Ada Example
    permission: Ada Example, by mail of 3 March 2026
  - { type: mailing-list, list: pgsql-hackers, path: ./mboxes, trustedAuthors: [tgl@sss.pgh.pa.us] }
  - type: web-page
    urls: [https://www.example.org/vacuum.html]
    hosts: [www.example.org]
\`\`\`

- A source without a \`name\` gets one made of the rest: \`manual-17\`, \`pgbouncer\`, \`source-rel-17-2\`, \`articles-ada-example\`, \`pgsql-hackers\`, \`web-www-example-org\`.
- Unchanged documents cost nothing, changed ones are replaced, those that are gone disappear when the sync is at its end. Cut off at any point (Ctrl-C, \`kill -9\`, a network that fails) the
  next one goes on.
- A source that fails keeps no other from being synced; the exit code says so. What is wrong with single documents is in the report, and keeps no other from being read.
- A source that the file no longer has is named and left as it is, until \`kb remove NAME\`.

## Sources

Every source has a \`type\` and a \`name\` (small letters, digits and hyphens). As fields in \`knowledge.yml\`, and as options of \`kb add\`:

{{sources}}

Trust is **highest** for source code, **high** for manuals, release notes, verified articles and a list's trusted authors, **unknown** for everything else; searches weigh it.

mbox files may be packed with gzip. postgresql.org's robots.txt allows no robot to fetch the archives of its lists: download the months you want and name their folder.

Crawling asks a host one thing at a time, keeps to its robots.txt, and asks only for what has changed. Pages are fetched over https from the hosts declared, never from private addresses. \`kb add\` takes
the hosts of the addresses where no \`--host\` is told; run again with another \`--url\` of the same host it adds that page.

## Commands

{{commands}}

Exit codes: 0 done, 1 \`kb doctor\` found something, 2 wrong usage or something you can put right, 3 a failure, 130 stopped.

## Following

\`pgwitness kb watch\` follows folders, git checkouts and mbox files, and syncs a source within seconds of a change; of mbox files that only grow the new messages alone are read.
\`--every 12h\` syncs what is read from the web as well. Where the system tells of no changes (network drives) it looks for itself, every five seconds to every minute.

{{meaning}}

{{operating}}

## The environment

{{variables}}

Without an embedding model full text answers alone; nothing leaves your network but requests to the hosts you declared.

## Many questions

\`kb search --questions FILE\` answers them in one process: one a line, or a list of strings or of objects with \`question\` (and \`postgres\`, the asker's major version) in YAML, JSON or JSON
lines. \`--format json\` gives a list of \`{ question, passages }\`, \`--format jsonl\` a line for each as soon as it is answered.

## Over HTTP

Reviews quote what they cite from it: \`pgwitness review --knowledge ./pgwitness-data\` (the folder of \`--data\`, or \`postgres://…\`; \`ci\` and \`audit\` too). The
service uses the one in its own storage. A knowledge base that does not answer within a second and a half is left out, and the report says so.

A knowledge base in a Postgres can be asked by whatever speaks HTTP, through PostgREST: [postgrest.md](postgrest.md).
`
