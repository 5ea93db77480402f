import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { z } from 'zod'
import { historiesOf, openFolder } from '../assemble.ts'
import { clonesFor } from '../assemble-clones.ts'
import type { Clone, SkippedBase, Step } from '../clones/clone.ts'
import { type Config, readEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import { type AnyExperiment, EXPERIMENTS } from '../experiments/experiments.ts'
import { flagOf, type InputField, inputFieldsOf } from '../experiments/input-fields.ts'
import { extractScripts, type History, historyOf } from '../extractors/history.ts'
import type { Script } from '../extractors/script.ts'
import type { Tree } from '../forges/change.ts'
import { jsonText } from '../reports/json-text.ts'
import { applyScript, baseBefore, standingAt } from '../review/base.ts'
import { abortOnSignals } from './abort.ts'
import { cloneOption } from './clone-option.ts'
import { type ReviewOptions, readConfig, readSchema, readStatistics } from './options.ts'
import { showProgress } from './progress.ts'

interface OwnOptions extends Pick<ReviewOptions, 'clone' | 'postgres' | 'schema' | 'stats' | 'config' | 'cache' | 'progress'> {
  format: 'text' | 'json'
  after?: string[]
}

/** `pgwitness experiment [NAME [arguments]]`. */
export async function runExperiment(name: string | undefined, rest: string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === '-h') return await list()
  const load = EXPERIMENTS[name]
  if (!load) throw new UserError(`There is no experiment \`${name}\`. There are ${Object.keys(EXPERIMENTS).join(', ')}.`)
  const experiment = await load()
  const command = commandOf(experiment)
  try {
    await command.parseAsync(rest, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return
    throw error
  }
}

async function list(): Promise<void> {
  console.log('Each puts one question to a clone: pgwitness experiment NAME --help\n')
  for (const [name, load] of Object.entries(EXPERIMENTS)) console.log(`  ${name.padEnd(18)}${(await load()).question}`)
}

/** Files are arguments in the order of their fields, everything else is an option named like its field. */
function commandOf(experiment: AnyExperiment): Command {
  const { fields, required } = inputFieldsOf(experiment)
  const command = new Command(`pgwitness experiment ${experiment.name}`).description(experiment.question).exitOverride()
  const files = Object.entries(fields).filter(([, { file }]) => file)
  for (const [field, { description = '' }] of files) command.argument(required.includes(field) ? `<${field}>` : `[${field}]`, description)
  for (const [field, about] of Object.entries(fields)) if (!about.file) command.addOption(optionOf(field, about, required.includes(field)))
  command
    .addOption(cloneOption())
    .option('--postgres <major>', 'major version of a local clone', Number)
    .option('--schema <dump.sql>', 'schema dump to start from, instead of the migrations of this folder')
    .option('--stats <file>', 'production statistics: a local clone becomes a twin')
    .option('--after <files...>', 'files that run before: of the same change, on a clone that does not have them yet')
    .option('--config <file>', 'configuration to use instead of .pgwitness.yml')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option('--no-cache', 'replay the base anew and do not keep it')
    .option('--no-progress', 'show no progress on a terminal')
    .addHelpText('after', '\nThe base is the migrations of the current folder before the files named. A value @FILE is read from the file.')
  return command.action(async (...received: unknown[]) => {
    const options = command.opts<OwnOptions & Record<string, unknown>>()
    const paths = Object.fromEntries(
      files.flatMap(([field], index) => (typeof received[index] === 'string' ? [[field, received[index]]] : [])),
    )
    await run(experiment, paths as Record<string, string>, options, fields)
  })
}

function optionOf(field: string, { type, enum: choices, description = '', default: usual, items }: InputField, mandatory: boolean): Option {
  const flag = flagOf(field)
  const about = usual === undefined ? description : `${description} (default: ${JSON.stringify(usual)})`
  if (type === 'boolean') return new Option(flag, description)
  const option = new Option(type === 'array' ? `${flag} <${field}...>` : `${flag} <${field}>`, about)
  if (choices) option.choices(choices)
  if (type === 'number' || type === 'integer') option.argParser(Number)
  if (items?.type === 'number' || items?.type === 'integer')
    option.argParser((value: string, before: number[] = []) => [...before, Number(value)])
  return option.makeOptionMandatory(mandatory)
}

async function run(
  experiment: AnyExperiment,
  paths: Record<string, string>,
  options: OwnOptions & Record<string, unknown>,
  fields: Record<string, InputField>,
): Promise<void> {
  const signal = abortOnSignals()
  const workplace = await openWorkplace(options, signal)
  const input = await readInput(experiment, await scriptsOf(paths, workplace, fields), options, fields)
  // Told when the clone is gone: whoever reads may end this process by closing the pipe.
  process.stdout.write(await answer(experiment, input, paths, options, workplace, signal))
}

async function answer(
  experiment: AnyExperiment,
  input: unknown,
  paths: Record<string, string>,
  options: OwnOptions,
  workplace: Workplace,
  signal: AbortSignal,
): Promise<string> {
  using progress = showProgress(options.progress)
  progress.say('starting a clone')
  await using clone = await cloneFor(Object.values(paths), options, workplace, signal)
  const known = new Set(clone.notes)
  const result = await experiment.run(clone, input, { signal, progress: (what) => progress.say(what) })
  progress[Symbol.dispose]()
  for (const note of clone.notes ?? []) if (!known.has(note)) console.error(`pgwitness: ${note}`)
  const on = `${clone.provider} Postgres ${clone.version}`
  if (options.format === 'json') return jsonText({ experiment: experiment.name, clone: on, input, result })
  return `${[...experiment.render(result), '', `${experiment.summarise(result)} (${on})`].join('\n')}\n`
}

/** The repository the command runs in. */
interface Workplace {
  tree: Tree
  root: string
  config: Config
  histories: History[]
}

async function openWorkplace(options: OwnOptions, signal: AbortSignal): Promise<Workplace> {
  const { tree, root } = await openFolder('.', signal)
  const config = await readConfig({ ...options, format: [], baseline: false }, tree)
  return { tree, root, config, histories: await historiesOf(tree, config) }
}

/** What a migration tool would run of each file: its up part, or its down part for `down`; and how it would send it, where that is asked for. */
async function scriptsOf(
  paths: Record<string, string>,
  { root, histories }: Workplace,
  fields: Record<string, InputField>,
): Promise<Record<string, string>> {
  const given: Record<string, string> = {}
  for (const [field, path] of Object.entries(paths)) {
    const { text, scripts } = await readScripts(path, field === 'down' ? 'down' : 'up', { root, histories })
    given[field] = scripts.length === 0 ? text : scripts.map(({ sql }) => sql).join('\n')
    if (scripts[0] && fields.transaction) given.transaction ??= scripts[0].transaction
  }
  return given
}

async function readScripts(path: string, wanted: Script['direction'], { root, histories }: Pick<Workplace, 'root' | 'histories'>) {
  const text = await readText(path)
  const place = relative(root, resolve(path))
  return { text, scripts: extractScripts(place, text, historyOf(place, histories)).filter(({ direction }) => direction === wanted) }
}

/** What was said on the command line wins over what is known of the file. */
async function readInput(
  experiment: AnyExperiment,
  scripts: Record<string, string>,
  options: Record<string, unknown>,
  fields: Record<string, InputField>,
): Promise<unknown> {
  const given: Record<string, unknown> = { ...scripts }
  for (const [field, { file }] of Object.entries(fields)) {
    const value = options[field]
    if (!file && value !== undefined)
      given[field] = typeof value === 'string' && value.startsWith('@') ? await readText(value.slice(1)) : value
  }
  const read = experiment.input.safeParse(given)
  if (!read.success) throw new UserError(`That is not what ${experiment.name} takes:\n${z.prettifyError(read.error)}`)
  return read.data
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

async function cloneFor(
  paths: readonly string[],
  options: OwnOptions,
  { tree, root, config, histories }: Workplace,
  signal: AbortSignal,
): Promise<Clone> {
  const environment = readEnvironment()
  const clones = await clonesFor(config, {
    ...environment,
    cacheDir: options.cache ? environment.cacheDir : undefined,
    statistics: await readStatistics(options, config, tree),
    note: (sentence) => console.error(`pgwitness: ${sentence}`),
  })
  if (!clones) throw new UserError('An experiment needs a clone: --clone none has none.')
  const schema = await readSchema(options, config, tree)
  const clone = await clones.create(await baseBefore(histories, tree, { root, paths, schema }), signal)
  const skipped = clone.skipped.map(({ path, line, reason }) => `${path}:${line} could not be replayed: ${reason}`)
  for (const note of [...(clone.notes ?? []), ...skipped]) console.error(`pgwitness: ${note}`)
  return options.after ? await runBefore(options.after, clone, { root, histories }, signal) : clone
}

/** The clone as it stands after further files ran, to which it also goes back. */
async function runBefore(
  paths: readonly string[],
  clone: Clone,
  place: Pick<Workplace, 'root' | 'histories'>,
  signal: AbortSignal,
): Promise<Clone> {
  const [skipped, ran]: [SkippedBase[], Step[][]] = [[], []]
  try {
    for (const path of paths) {
      const { scripts } = await readScripts(path, 'up', place)
      for (const script of scripts) await applyScript(script, clone, { skipped, ran }, signal)
    }
  } catch (error) {
    await clone[Symbol.asyncDispose]()
    throw error
  }
  for (const { path, line, reason } of skipped) console.error(`pgwitness: ${path}:${line} fails: ${reason}`)
  return standingAt(clone, ran)
}
