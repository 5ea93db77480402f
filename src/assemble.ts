/** Builds everything from the configuration. The only file that knows every adapter. */
import { existsSync, readFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import type { Config } from './config.ts'
import { UserError } from './errors.ts'
import type { History } from './extractors/history.ts'
import type { Change, Tree } from './forges/change.ts'
import { nearestRule } from './rules/nearest.ts'
import type { Rule } from './rules/rule.ts'

/** Rules of a repository's own, beside the built-in ones. */
const OWN_RULES = '.pgwitness/rules/'

/** The rules this package comes with, in the order of their areas and ids. */
export async function builtInRules(): Promise<Rule[]> {
  // A package carries them read and checked; the source tree reads them each time.
  const compiled = join(import.meta.dirname, 'rules.json')
  if (existsSync(compiled)) return JSON.parse(readFileSync(compiled, 'utf8')) as Rule[]
  const { loadRules } = await import('./rules/load.ts')
  return await loadRules(join(import.meta.dirname, '../rules'))
}

export interface RuleSet {
  /** Those that speak. */
  active: Rule[]
  /** All of them, the disabled and opt-in ones included. */
  known: Rule[]
}

/** Built-in rules and the repository's own, as the configuration turns them on and off; `tree` is where the own ones are read. */
export async function rulesFor({ rules: settings }: Config, tree: Tree | undefined): Promise<RuleSet> {
  const own = tree ? await ownRules(tree) : []
  const known = [...(await builtInRules()).filter(({ id }) => !own.some((rule) => rule.id === id)), ...own]
  const named = [...settings.enable.filter((name) => name !== 'style'), ...settings.disable, ...Object.keys(settings.severity)]
  const strangers = named.filter((name) => !known.some(({ id }) => id === name))
  if (strangers.length > 0) throw new UserError(strangers.map((name) => noSuchRule(name, known)).join('\n'))
  const active = known
    .filter(({ id, optIn }) => !optIn || settings.enable.includes('style') || settings.enable.includes(id))
    .filter(({ id }) => !settings.disable.includes(id))
    .map((rule) => ({ ...rule, severity: settings.severity[rule.id] ?? rule.severity }))
  return { active, known }
}

async function ownRules(tree: Tree): Promise<Rule[]> {
  const paths = (await tree.list()).filter((path) => path.startsWith(OWN_RULES) && path.endsWith('.yml')).sort()
  if (paths.length === 0) return []
  const { parseRule } = await import('./rules/load.ts')
  const texts = await Promise.all(paths.map((path) => tree.read(path)))
  return paths.flatMap((path, index) => (texts[index] === undefined ? [] : parseRule(path, texts[index])))
}

function noSuchRule(name: string, known: Rule[]): string {
  const similar = nearestRule(name, known)
  return `The configuration names a rule \`${name}\` that does not exist.${similar ? ` Did you mean \`${similar}\`?` : ''}`
}

/** The local checkout as a change, and the two trees it stands between. */
export async function openChange(
  options: { paths: readonly string[]; base: string | undefined; mergeBase?: string | undefined },
  signal: AbortSignal,
): Promise<OpenChange> {
  const { readChange, treeAt } = await import('./forges/local.ts')
  const change = await readChange({ cwd: process.cwd(), ...options }, signal)
  const { root, base, head } = change
  return { change, baseTree: base === undefined ? undefined : treeAt(root, base), headTree: treeAt(root, head) }
}

export interface OpenChange {
  change: Change
  /** Undefined when there is nothing the change stands on. */
  baseTree: Tree | undefined
  headTree: Tree
}

/** The migration histories of a tree that the configuration does not leave out. */
export async function historiesOf(tree: Tree, config: Config, isInside: (path: string) => boolean = () => true): Promise<History[]> {
  const { findHistories } = await import('./extractors/detect.ts')
  const paths = (await tree.list()).filter((path) => isInside(path) && !isIgnored(path, config))
  return await findHistories(paths, (path) => tree.read(path), config.migrations)
}

/** Whether `ignore:` of the configuration names the path. */
export function isIgnored(path: string, { ignore }: Config): boolean {
  return ignore.some((glob) => matchesGlob(path, glob))
}

/** The files an audit looks at. `root` is the folder its paths start from: the repository's, or the folder itself outside one. */
export interface OpenFolder {
  tree: Tree
  root: string
  /** The audited folder, from the root; `''` for the root. */
  folder: string
}

export async function openFolder(dir: string, signal: AbortSignal): Promise<OpenFolder> {
  const { folderAt } = await import('./forges/local/folder.ts')
  return await folderAt(dir, signal)
}

/** The histories of a folder; a folder of loose .sql files is one in the order of their names. */
export async function auditedHistories(tree: Tree, folder: string, config: Config): Promise<History[]> {
  const isInside = (path: string) => folder === '' || path === folder || path.startsWith(`${folder}/`)
  const found = await historiesOf(tree, config, isInside)
  if (found.some(({ files, database }) => files.length > 0 || database !== 'Postgres')) return found
  return await historiesOf(tree, { ...config, migrations: [{ path: folder, tool: 'sql' }] }, isInside)
}
