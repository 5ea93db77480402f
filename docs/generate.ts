/**
 * Writes the generated pages: docs/rules/, docs/words.md, docs/configuration.md, docs/service.md, docs/comment.md, docs/knowledge.md, docs/experiments.md, docs/facts.md. `test/documentation.test.ts` fails when they are stale.
 *
 *     npm run generate
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { ConfigFile } from '../src/config-file.ts'
import { loadRules } from '../src/rules/load.ts'
import { namesElsewhere, type Rule, stepsInWords, versionsInWords } from '../src/rules/rule.ts'
import { ACTIONS } from '../src/sql/actions.ts'
import { COMMON_WORDS, DETAIL_WORDS } from '../src/sql/words.ts'
import { ServiceConfigFile } from '../src/service-config.ts'
import { commentPage } from './comment-page.ts'
import { experimentsPage } from './experiments-page.ts'
import { factsPage } from './facts-page.ts'
import { knowledgePage, knowledgeVariables } from './knowledge-page.ts'
import { servicePage } from './service-page.ts'

/** Every generated page: path below docs/ and text. */
export async function generatedPages(): Promise<Map<string, string>> {
  const rules = await loadRules(join(import.meta.dirname, '../rules'))
  return new Map([
    ['rules/README.md', ruleIndex(rules)],
    ...rules.map((rule): [string, string] => [`rules/${rule.id}.md`, rulePage(rule)]),
    ['words.md', wordsPage()],
    ['configuration.md', configurationPage()],
    ['service.md', servicePage(settingRows(z.toJSONSchema(ServiceConfigFile, { io: 'input' }) as Setting, ''))],
    ['knowledge.md', knowledgePage()],
    ['comment.md', await commentPage()],
    ['experiments.md', await experimentsPage()],
    ['facts.md', factsPage()],
  ])
}

function ruleIndex(rules: Rule[]): string {
  const areas = [...Map.groupBy(rules, ({ area }) => area)]
  const sections = areas.map(([area, members]) =>
    [`## ${area}`, '', '| rule | severity | shown by | what to do |', '|---|---|---|---|', ...members.map(indexRow)].join('\n'),
  )
  return `# Rules\n\n${rules.length} rules. Generated from the files in \`rules/\`; \`pgwitness rules NAME\` shows the same in a terminal.\n\n${sections.join('\n\n')}\n`
}

function indexRow({ id, severity, optIn, prove, title }: Rule): string {
  return `| [${id}](${id}.md) | ${severity}${optIn ? ', opt-in' : ''} | ${prove} | ${title} |`
}

function rulePage(rule: Rule): string {
  const { fix } = rule
  const elsewhere = namesElsewhere(rule)
  return [
    `# ${rule.id}`,
    `**${rule.title}.** ${rule.severity}${rule.optIn ? ', opt-in' : ''} · ${rule.area} · Postgres ${versionsInWords(rule)} · shown by ${rule.prove}`,
    rule.why.trim(),
    ...(rule.unproved ? [`${rule.prove === 'rows' ? 'Only a clone with rows settles this' : 'A clone cannot settle this'}: ${rule.unproved}.`] : []),
    ...(fix ? ['## Instead', fix.text.trim()] : []),
    ...(fix?.insert ? [`Write \`${fix.insert}\` after \`${fix.after}\`.`] : []),
    ...(fix?.steps ? ['Each step in a transaction of its own:', sql(stepsInWords(rule).join('\n'))] : []),
    '## Reported',
    ...rule.bad.map(sql),
    '## Not reported',
    ...rule.good.map(sql),
    '## Sources',
    rule.cite.map(({ title, url, quote, versions }) => `- [${title}](${url})${versions === 'all' ? '' : ` (${versionsInWords({ versions })})`}${quote ? `: “${quote.trim()}”` : ''}`).join('\n'),
    ...(elsewhere.length > 0 ? ['## Known elsewhere as', elsewhere.map((alias) => `\`${alias}\``).join(', ')] : []),
  ].join('\n\n') + '\n'
}

function sql(text: string): string {
  return `\`\`\`sql\n${text.trim()}\n\`\`\``
}

function wordsPage(): string {
  const rows = (words: Record<string, string>) => Object.entries(words).map(([word, meaning]) => `| \`${word}\` | ${cell(meaning)} |`)
  const actions = Object.entries(ACTIONS).map(([action, words]) => {
    const own = Object.entries(words).map(([word, meaning]) => `\`${word}\` (${cell(meaning)})`)
    return `| \`${action}\` | ${own.join(', ')} |`
  })
  return [
    '# The words of rules',
    'A rule\'s `when:` is a condition over one operation. These are the words an operation has. Generated from `src/sql/words.ts` and `src/sql/actions.ts`.',
    '## Tests',
    'A word is compared with a value, a list of values (any of them), `unset`, or a test: `not`, `over`, `under`, `starts`, `ends`. `any:` takes a list of conditions of which one must hold. `after:` asks for an earlier operation of the same transaction, with `same:` and `different:` naming words the two must or must not share.',
    '## Every operation',
    ['| word | meaning |', '|---|---|', ...rows(COMMON_WORDS)].join('\n'),
    '## Columns, constraints, indexes',
    ['| word | meaning |', '|---|---|', ...rows(DETAIL_WORDS)].join('\n'),
    '## Actions',
    ['| action | its own words |', '|---|---|', ...actions].join('\n'),
  ].join('\n\n') + '\n'
}

interface Setting {
  type?: string
  enum?: string[]
  default?: unknown
  description?: string
  properties?: Record<string, Setting>
  items?: Setting
}

function configurationPage(): string {
  const schema = z.toJSONSchema(ConfigFile, { io: 'input' }) as Setting
  return [
    '# Configuration',
    '`.pgwitness.yml` in the root of the repository, read from the base commit when a change is reviewed, so that a change cannot mute its own review. Rules of your own stand in `.pgwitness/rules/<area>/<id>.yml`, under the same condition. Generated from `src/config-file.ts`.',
    ['| setting | values | default | meaning |', '|---|---|---|---|', ...settingRows(schema, '')].join('\n'),
    'The environment: `PGWITNESS_CACHE_DIR` is the folder for replayed bases (by default `$XDG_CACHE_HOME/pgwitness` or `~/.cache/pgwitness`; keep it between CI runs), `NO_COLOR` and `FORCE_COLOR` as everywhere.',
    '## The knowledge base',
    'What `pgwitness kb` reads of the environment; sources are declared in `knowledge.yml`: [knowledge.md](knowledge.md).',
    knowledgeVariables(),
  ].join('\n\n') + '\n'
}

function settingRows(schema: Setting, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, setting]) => {
    const path = `${prefix}${name}`
    const inner = setting.items ? settingRows(setting.items, `${path}[].`) : settingRows(setting, `${path}.`)
    const values = setting.enum?.map((value) => `\`${value}\``).join(', ') ?? setting.type ?? ''
    const fallback = setting.default === undefined || inner.length > 0 ? '' : `\`${JSON.stringify(setting.default)}\``
    return [`| \`${path}\` | ${cell(values)} | ${fallback} | ${cell(setting.description ?? '')} |`, ...inner]
  })
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

if (import.meta.main) {
  rmSync(join(import.meta.dirname, 'rules'), { recursive: true, force: true })
  for (const [path, text] of await generatedPages()) {
    mkdirSync(dirname(join(import.meta.dirname, path)), { recursive: true })
    writeFileSync(join(import.meta.dirname, path), text)
  }
}
