import { readFile } from 'node:fs/promises'
import { openChange } from '../assemble.ts'
import { type Simulation, simulate } from '../assemble-simulation.ts'
import { UserError } from '../errors.ts'
import { jsonText } from '../reports/json-text.ts'
import { parseServiceConfig } from '../service-config.ts'
import { abortOnSignals } from './abort.ts'

export interface SimulateOptions {
  base?: string
  permission: 'none' | 'read' | 'write'
  config?: string
  format: 'text' | 'json'
  logs: boolean
}

/** `pgwitness simulate EVENT.json`: the change is what stands in the repository at hand. */
export async function runSimulate(path: string, options: SimulateOptions): Promise<void> {
  const signal = abortOnSignals()
  const event = { path, text: await read(path) }
  const config = options.config === undefined ? parseServiceConfig('', '') : parseServiceConfig(await read(options.config), options.config)
  const open = await openChange({ paths: [], base: options.base }, signal)
  const result = await simulate({ event, open, permission: options.permission, config, logLevel: options.logs ? 'info' : 'silent' }, signal)
  process.stdout.write(options.format === 'json' ? jsonText(result) : render(result))
  if (result.violations.length > 0) process.exitCode = 3
}

function render({ answer, state, violations }: Simulation): string {
  const blocks = [
    `The webhook was answered ${answer.status}: ${answer.text}`,
    ...(state.reactions.length > 0 ? [`Reactions: ${state.reactions.join(', ')}`] : []),
    ...state.statuses.map(({ name, state: conclusion, title, annotations }) =>
      [`Status ${name}: ${conclusion}: ${title}`, ...(annotations > 0 ? [`with ${annotations} annotations`] : [])].join(', '),
    ),
    ...state.comments.map(({ author, body, reactions }) => said(`Comment of ${author}${marks(reactions)}`, body)),
    ...state.threads.flatMap(({ path, line, resolved, comments }) =>
      comments.map(({ author, body, reactions }) =>
        said(`${path}:${line}, ${resolved ? 'resolved' : 'open'}, ${author}${marks(reactions)}`, body),
      ),
    ),
    ...violations.map((violation) => `Not as the forge wants it: ${violation}`),
  ]
  return `${blocks.join('\n\n')}\n`
}

function said(head: string, body: string): string {
  return [`── ${head} ──`, body.trimEnd()].join('\n')
}

function marks(reactions: readonly string[]): string {
  return reactions.length > 0 ? ` (${reactions.join(', ')})` : ''
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}
