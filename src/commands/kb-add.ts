import { Command, Option } from 'commander'
import { isThere, type Knowledge, openKnowledge } from '../assemble-knowledge.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import type { SourceDeclaration } from '../knowledge/declaration.ts'
import { SOURCE_TYPES } from '../knowledge/document.ts'
import { jsonText } from '../reports/json-text.ts'
import { abortOnSignals } from './abort.ts'
import { placeOf } from './kb-list.ts'
import { collect, dataOption, formatOption, type KbOptions, numberBetween, progressOption } from './kb-options.ts'
import { declareAndSync, goingOn, runSync } from './kb-sync.ts'
import { showProgress } from './progress.ts'
import { readDeclaration } from './source-declaration.ts'
import { SOURCE_KINDS, type SourceField, type SourceKind, usageOf } from './source-fields.ts'
import { exitCodeOf, syncData, syncText } from './sync-report.ts'
import { syncSource } from './sync-source.ts'

interface AddOptions extends KbOptions {
  type?: string
  name?: string
  file?: string
  dryRun: boolean
  progress: boolean
}
type Given = Record<string, string[] | number | boolean | undefined>

/** `pgwitness kb add`. */
export function kbAdd(): Command {
  const command = new Command('add')
    .description('Declare a source and load it; or all sources of a file.')
    .addOption(new Option('--type <type>', SOURCE_TYPES.join(', ')))
    .option('--name <name>', 'name of the source (default: made of the rest, `manual-17`)')
    .option('--file <knowledge.yml>', 'declare and load what this file declares')
  for (const option of fieldOptions()) command.addOption(option)
  return command
    .addOption(dataOption())
    .addOption(formatOption())
    .option('--dry-run', 'read it and say what there is; store nothing', false)
    .addOption(progressOption())
    .addHelpText(
      'after',
      `\n${SOURCE_KINDS.map(kindText).join('\n')}\n\nOptions in brackets may be left out. Exit code: as of \`kb sync\`.`,
    )
    .action(async (options: AddOptions & Given) => await runAdd(options))
}

function kindText({ type, description, fields }: SourceKind): string {
  const usages = fields.map((field) => (field.isRequired && field.flag !== '--host' ? usageOf(field) : `[${usageOf(field)}]`))
  return `  --type ${type} ${usages.join(' ')}\n      ${description}`
}

/** One option for all fields of its name. */
function fieldOptions(): Option[] {
  const all = SOURCE_KINDS.flatMap(({ type, fields }) => fields.map((field) => ({ type, ...field })))
  return [...Map.groupBy(all, ({ flag }) => flag)].map(([flag, same]) => {
    const isList = same.some(({ kind }) => kind === 'array')
    const abouts = Map.groupBy(same, ({ description }) => description)
    const text = [...abouts].map(([about, where]) => `${where.map(({ type }) => type).join(', ')}: ${about}`).join(' ')
    const [{ kind, range } = { kind: undefined, range: undefined }] = same
    if (kind === 'boolean') return new Option(flag, text)
    if (kind === 'integer') return new Option(`${flag} <number>`, text).argParser(numberBetween(range.least, range.most))
    return new Option(`${flag} <${flag.slice(2)}>`, `${text}${isList ? ' May be repeated.' : ''}`).argParser(collect)
  })
}

async function runAdd(options: AddOptions & Given): Promise<void> {
  if (options.file !== undefined) {
    if (options.type !== undefined || options.name !== undefined)
      throw new UserError('--file says all there is to say of its sources: leave --type and --name out.')
    return await runSync([], { ...options, file: options.file })
  }
  const declaration = declarationOf(options)
  const environment = readKnowledgeEnvironment()
  const signal = abortOnSignals()
  using progress = showProgress(options.progress)
  const context = { signal, progress: progress.say, isDry: options.dryRun }
  await using knowledge = options.dryRun && !isThere(options.data, environment) ? undefined : await openKnowledge(options.data, environment)
  const wanted = await agreed(knowledge, declaration, options.name !== undefined)
  const outcome = await goingOn((options.dryRun ? syncSource : declareAndSync)(knowledge as Knowledge, wanted, context), signal, progress)
  progress[Symbol.dispose]()
  process.stdout.write(options.format === 'json' ? jsonText(syncData(outcome)) : syncText(outcome, options.dryRun))
  process.exitCode = exitCodeOf([outcome])
}

/** A UserError says what is missing, and by which option it is given. */
function declarationOf(options: AddOptions & Given): SourceDeclaration {
  const kind = SOURCE_KINDS.find(({ type }) => type === options.type)
  if (!kind) {
    const known = SOURCE_KINDS.map(({ type, description }) => `  --type ${type.padEnd(14)} ${description}`).join('\n')
    throw new UserError(
      options.type === undefined ? `Say what kind of source it is:\n${known}` : `There is no type ${options.type}. There are:\n${known}`,
    )
  }
  const given: Record<string, unknown> = { type: kind.type, ...(options.name !== undefined && { name: options.name }) }
  const problems = strangers(options, kind)
  for (const field of kind.fields) {
    const value = options[attributeOf(field)]
    if (value === undefined) continue
    if (field.kind !== 'array' && Array.isArray(value)) {
      if (value.length > 1) problems.push(`${field.flag} is given ${value.length} times, and ${kind.type} has one.`)
      given[field.name] = value[0]
    } else given[field.name] = value
  }
  // Whoever names a page names its host.
  if (kind.type === 'web-page' && given.hosts === undefined && Array.isArray(given.urls))
    given.hosts = [...new Set(given.urls.flatMap((url: string) => URL.parse(url)?.host || []))]
  const { declaration, problems: found } = readDeclaration(given, '.')
  for (const { field, text } of found) problems.push(`${kind.fields.find(({ name }) => name === field)?.flag ?? `--${field}`} ${text}.`)
  if (declaration && problems.length === 0) return declaration
  throw new UserError(
    `${[`A source of type ${kind.type} is given so: ${usageText(kind)}`, ...problems.map((text) => `  ${text}`)].join('\n')}`,
  )
}

function usageText(kind: SourceKind): string {
  return (kindText(kind).split('\n')[0] ?? '').trim()
}

/** Options that are of other types. */
function strangers(options: Given, kind: SourceKind): string[] {
  const own = new Set(kind.fields.map(({ flag }) => flag))
  const others = SOURCE_KINDS.flatMap(({ type, fields }) => fields.map((field) => ({ type, field })))
  const strange = others.filter(({ field }) => !own.has(field.flag) && options[attributeOf(field)] !== undefined)
  return [...Map.groupBy(strange, ({ field }) => field.flag)].map(
    ([flag, where]) => `${flag} is not of ${kind.type}, but of ${where.map(({ type }) => type).join(', ')}.`,
  )
}

/** What commander calls an option. */
function attributeOf({ flag }: SourceField): string {
  return flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/**
 * With the source of that name that there may be: a page more for a source of pages whose name nobody chose. A UserError when a name that nobody chose is
 * another source's.
 */
async function agreed(knowledge: Knowledge | undefined, declaration: SourceDeclaration, isNamed: boolean): Promise<SourceDeclaration> {
  if (isNamed || !knowledge) return declaration
  const there = (await knowledge.base.list()).find((source) => source.declaration.name === declaration.name)?.declaration
  if (!there) return declaration
  if (there.type === 'web-page' && declaration.type === 'web-page' && there.author === declaration.author)
    return {
      ...there,
      urls: [...new Set([...there.urls, ...declaration.urls])],
      hosts: [...new Set([...there.hosts, ...declaration.hosts])],
    }
  if (there.imported || placeOf(there) === placeOf(declaration)) return declaration
  throw new UserError(
    `There is a source ${there.name} already, of ${placeOf(there)}. Give this one a name: --name ${there.name}-2; or change the old one: --name ${there.name}.`,
  )
}
