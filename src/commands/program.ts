import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { UserError } from '../errors.ts'
import { FORMATS } from '../reports/format.ts'
import { wasStopped } from './abort.ts'
import { cloneOption } from './clone-option.ts'

/** Options that `review` and `audit` share. */
function withReviewOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--format <format[=file]>', `${FORMATS.join(', ')}; to standard output without a file; may be repeated`)
        .argParser(collect)
        .default([], 'text'),
    )
    .addOption(cloneOption())
    .option('--stats <file>', 'production statistics (pgwitness stats export): local clones become twins')
    .addOption(new Option('--budget <time>', 'time for experiments beyond effects: 90s, 5m (default: 5m)').argParser(seconds))
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 on a finding of this severity or over').choices([
        'info',
        'low',
        'medium',
        'high',
        'critical',
        'never',
      ]),
    )
    .option('--postgres <major>', 'major version of your production server, 10 to 18', Number)
    .option('--schema <dump.sql>', 'schema dump to start from, instead of replaying migrations')
    .option('--config <file>', 'configuration to use instead of .pgwitness.yml')
    .option('--knowledge <folder|url>', 'knowledge base that findings quote: a folder (--data of kb), or postgres://…')
    .option('--no-cache', 'replay the base anew and do not keep it')
    .option('--no-baseline', 'report the findings of the baseline too')
    .option('--no-progress', 'show no progress on a terminal')
    .addHelpText(
      'after',
      `
Options win over .pgwitness.yml, which has the defaults: docs/configuration.md.
Exit code: 0 clean, 1 findings at or over --fail-on (refuted ones never count), 2 wrong usage or configuration, 3 a failure of pgwitness.`,
    )
}

function seconds(value: string): number {
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(value) ?? []
  if (digits === undefined) throw new InvalidArgumentError('Give a time as 90s, 5m or 1h.')
  return Number(digits) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h']
}

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Give a whole number.')
  return Number(value)
}

function portNumber(value: string): number {
  const port = wholeNumber(value)
  if (port > 65_535) throw new InvalidArgumentError('Ports go up to 65535.')
  return port
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value]
}

function program(): Command {
  const pgwitness = new Command('pgwitness')
    .enablePositionalOptions()
    .description('Reviews changes that touch PostgreSQL: finds the SQL, runs it on a database one may break, reports what it saw.')
    .showHelpAfterError('(see pgwitness --help)')
    .option('-V, --version', 'print the version')
    .allowExcessArguments()
    .action(async (options: { version?: boolean }, command: Command) => {
      const [stranger] = command.args
      if (stranger !== undefined)
        command.error(
          `error: there is no command \`${stranger}\`: use review, ci, post, audit, experiment, stats, rules, kb, serve or simulate`,
        )
      if (!options.version) return command.help()
      const { version } = await import('../version.ts')
      console.log(version)
    })
    .exitOverride()

  withReviewOptions(pgwitness.command('review'))
    .description('Review the files changed since the merge base with the default branch, uncommitted work included; or the files named.')
    .argument('[paths...]', 'files or folders to review instead of what changed')
    .option('--base <ref>', 'branch or commit the change stands on (default: the default branch)')
    .action(async (paths: string[], options) => (await import('./review.ts')).runReview(paths, options))

  withReviewOptions(pgwitness.command('ci'))
    .description('Review the change that this pipeline of GitHub Actions or GitLab CI is run for, and comment on it where the token may.')
    .option('--base <ref>', 'branch or commit the change stands on (default: what the pipeline tells)')
    .option('--no-comment', 'write no comments')
    .option('--inline-comments <number>', 'comments on lines of the change, at most', wholeNumber, 10)
    .action(async (options) => (await import('./ci.ts')).runCi(options))

  pgwitness
    .command('post')
    .description('Comment what a pipeline without rights found: checks its JSON report, and that it is about this merge request.')
    .argument('[review.json]', 'the report; on GitLab by default that of the newest pipeline of the merge request')
    .option('--number <number>', 'of the pull or merge request', wholeNumber)
    .option('--job <name>', 'on GitLab, the job that made the report', 'pgwitness')
    .option('--inline-comments <number>', 'comments on lines of the change, at most', wholeNumber, 10)
    .action(async (file: string | undefined, options) => (await import('./post.ts')).runPost(file, options))

  withReviewOptions(pgwitness.command('audit'))
    .description('Review a whole history of migrations, file by file, each against the schema its predecessors left.')
    .argument('<dir>', 'a repository, or a folder of migrations')
    .option('--write-baseline [file]', 'write the findings to .pgwitness-baseline.json, so that review reports only new ones')
    .action(async (dir: string, options) => (await import('./audit.ts')).runAudit(dir, options))

  pgwitness
    .command('rules')
    .description('List the rules, or explain one with its examples and sources.')
    .argument('[name]', 'id of a rule')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .action(async (name: string | undefined, options) => (await import('./rules.ts')).runRules(name, options))

  const stats = pgwitness.command('stats').description("Production's statistics, for twins: plans at its size without its rows.")
  stats
    .command('export')
    .description('Write what the planner knows of a database as JSON, by one statement that only reads. Any standby will do.')
    .option('--url <url>', 'postgres://user:password@host/database; PGHOST, PGDATABASE and so on when left out')
    .option('--output <file>', 'file to write; standard output when left out')
    .option('--no-values', 'leave out every value of a row: most common values and histogram bounds')
    .addOption(new Option('--schema <name>', 'only this schema; may be repeated').argParser(collect).default([], 'all'))
    .action(async (options) => (await import('./stats.ts')).runStatsExport(options))

  pgwitness
    .command('experiment')
    .description('Put one question to a clone: the experiments that reviews are made of. Without a name, lists them.')
    .argument('[name]', 'held-locks, blocked-time, plan, …')
    .argument('[arguments...]', 'what the experiment takes: pgwitness experiment NAME --help')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (name: string | undefined, rest: string[]) => (await import('./experiment.ts')).runExperiment(name, rest))

  pgwitness
    .command('kb')
    .description('The knowledge base, what is cited: add sources to it and search them.')
    .argument('[command]', 'add, sync, list, remove, search, watch, …')
    .argument('[arguments...]', 'what the command takes: pgwitness kb COMMAND --help')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (command: string | undefined, rest: string[]) =>
      (await import('./kb.ts')).runKb(command === undefined ? [] : [command, ...rest]),
    )

  pgwitness
    .command('serve')
    .description('The service: takes webhooks of GitHub and GitLab, reviews, comments, and answers when mentioned.')
    .option(
      '--port <number>',
      'port to listen on (default: 3000; a worker alone listens only when told, and only for its health and metrics)',
      portNumber,
    )
    .option('--host <address>', 'address to listen on', '0.0.0.0')
    .option('--data <dir>', 'folder for storage and caches', './pgwitness-data')
    .addOption(new Option('--role <role>', 'only one half, with DATABASE_URL: takes webhooks, or does the work').choices(['web', 'worker']))
    .option('--config <file>', "the operator's settings (docs/service.md)")
    .option('--grace <seconds>', 'how long a stop waits for what runs', wholeNumber, 30)
    .addHelpText('after', '\nWhich forges are on, and their secrets, is told by environment variables: docs/service.md.')
    .action(async (options) => (await import('./serve.ts')).runServe(options))

  pgwitness
    .command('simulate')
    .description('Run a stored webhook through the whole service, against a forge of its own, and print what would be posted.')
    .argument('<event.json>', 'the payload, as CI has it in a file, or { "headers": …, "body": … }; the change is that of this repository')
    .option('--base <ref>', 'branch or commit the change stands on (default: the default branch)')
    .addOption(
      new Option('--permission <permission>', 'what its author may do in the repository')
        .choices(['none', 'read', 'write'])
        .default('write'),
    )
    .option('--config <file>', "the operator's settings (docs/service.md)")
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option('--logs', "print the service's logs too, to standard error", false)
    .action(async (event: string, options) => (await import('./simulate.ts')).runSimulate(event, options))

  for (const command of [...pgwitness.commands, ...stats.commands]) command.exitOverride().allowExcessArguments(false)
  return pgwitness
}

/** Reads the command line, runs the command it names and sets the exit code. */
export async function runProgram(): Promise<void> {
  // Whoever reads has seen enough: `| head -1`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    console.error(`pgwitness: standard output cannot be written: ${error.code}.`)
    process.exit(3)
  })
  try {
    await program().parseAsync()
  } catch (error) {
    process.exitCode = exitCodeOf(error)
  }
}

/** Says what went wrong and gives the exit code for it. */
function exitCodeOf(error: unknown): number {
  if (wasStopped()) return 130
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UserError) {
    console.error(`pgwitness: ${error.message}`)
    return 2
  }
  console.error(error instanceof Error && error.name === 'ServiceError' ? `pgwitness: ${error.message}` : error)
  return 3
}
