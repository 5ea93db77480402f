import type { TransactionMode } from '../sql/statement.ts'
import { otherDatabase, otherDatabaseOfFile } from './database.ts'
import type { Arrangement, Beside, Extractor, ReadFile } from './extractor.ts'
import type { History } from './history.ts'
import { fileName, folderOf, foldersUp, inFolder, isInside } from './names.ts'
import { whyNotMigration } from './roles.ts'
import type { Tool } from './script.ts'
import { EXTRACTORS } from './tools.ts'

/** `migrations:` of the configuration. */
export interface ConfiguredHistory {
  path: string
  tool?: Tool | undefined
  transaction?: TransactionMode | undefined
}

/** Names of the files that detection reads beside .sql files. */
const SIGNS = new Set(['atlas.sum', 'tern.conf', 'migration_lock.toml', '_journal.json', 'snapshot.json'])
/** Migrations in a language, told by names that would fit an .sql file. */
const CODE = /^(\d+[_-]|V\d).*\.(go|js|mjs|cjs|ts|java|kt|fizz|rb|py|exs)$/

/**
 * The migration histories of a repository, from its paths and a few files read. What the configuration names is taken as
 * it says and not detected; of the rest a folder belongs to one history, that of the tool with the surest signs.
 * Histories for other databases are there too, without files, so that their files are nobody's.
 */
export async function findHistories(
  paths: readonly string[],
  read: ReadFile,
  configured: readonly ConfiguredHistory[] = [],
): Promise<History[]> {
  const all = new Set(paths)
  const histories: History[] = []
  for (const entry of configured) {
    const folder = entry.path.replace(/^\.\/|\/+$/g, '').replace(/^\.$/, '')
    const extractor = extractorNamed(entry.tool)
    const owned = paths.filter((path) => isInside(path, folder) && extractor.owns(path, folder))
    histories.push(await historyOfFiles({ folder, extractor, owned }, all, read, entry))
  }
  const taken = histories.map((history) => history.folder)
  const candidates = paths.filter((path) => isCandidate(path) && !taken.some((folder) => isInside(path, folder)))
  for (const found of await detected(candidates, read)) histories.push(await historyOfFiles(found, all, read))
  return histories.map((history) => ({ ...history, notes: [...history.notes, ...notesOfCode(history, paths)] }))
}

interface Found {
  folder: string
  extractor: Extractor
  owned: string[]
}

function isCandidate(path: string): boolean {
  const name = fileName(path)
  if (SIGNS.has(name)) return whyNotMigration(path) === undefined
  return /\.(sql|fizz)$/i.test(name) && whyNotMigration(path) === undefined
}

function extractorNamed(tool: Tool = 'sql'): Extractor {
  const extractor = EXTRACTORS.find((known) => known.tool === tool)
  if (!extractor) throw new Error(`no extractor for ${tool}`)
  return extractor
}

async function detected(paths: readonly string[], read: ReadFile): Promise<Found[]> {
  const found: Found[] = []
  let left = [...paths]
  for (const extractor of EXTRACTORS) {
    const folders = (await extractor.detect(left, read)).sort((a, b) => a.length - b.length)
    for (const folder of folders) {
      const belongs = extractor.tool === 'sql' && found.some((other) => isInside(`${folder}/`, other.folder))
      if (belongs) continue
      const owned = left.filter((path) => isInside(path, folder) && extractor.owns(path, folder))
      if (!owned.some((path) => path.endsWith('.sql'))) continue
      found.push({ folder, extractor, owned })
      left = without(left, folder, owned)
    }
  }
  return found
}

/** The history's own files are taken, and so are other .sql files directly beside them. */
function without(paths: readonly string[], folder: string, owned: readonly string[]): string[] {
  const taken = new Set(owned)
  const folders = new Set([folder, ...owned.map(folderOf)])
  return paths.filter((path) => !taken.has(path) && !(folders.has(folderOf(path)) && path.endsWith('.sql')))
}

async function historyOfFiles(found: Found, all: ReadonlySet<string>, read: ReadFile, configured?: ConfiguredHistory): Promise<History> {
  const { folder, extractor, owned } = found
  const foreign = new Map(owned.flatMap((path) => foreignFile(path, folder)))
  const forward = owned.filter((path) => !foreign.has(path) && !extractor.undoes?.(path)).sort((a, b) => extractor.compare(a, b))
  const database = configured ? undefined : await otherDatabase(extractor.tool, folder, forward, read)
  const base = { tool: extractor.tool, folder, extractor, ...(configured?.transaction && { transaction: configured.transaction }) }
  if (database !== undefined) {
    return {
      ...base,
      files: [],
      leftOut: foreign,
      database,
      beside: new Map(),
      notes: [`${shown(folder)} is for ${database} and was left out`],
    }
  }
  const arranged: Arrangement = (await extractor.arrange?.(forward, folder, read)) ?? { files: forward, leftOut: new Map() }
  const leftOut = new Map([...foreign, ...arranged.leftOut])
  const notes = notesOf(leftOut, folder)
  if (configured && owned.length === 0) notes.push(`${shown(folder)} has no migrations of ${extractor.tool}`)
  return { ...base, files: arranged.files, leftOut, database: 'Postgres', beside: await besideOf(found, all, read), notes }
}

/** One sentence a reason, as there may be a file for each of several databases with every migration. */
function notesOf(leftOut: ReadonlyMap<string, string>, folder: string): string[] {
  const byReason = Map.groupBy(leftOut.keys(), (path) => leftOut.get(path))
  return [...byReason].map(([why, [first, ...others]]) =>
    others.length === 0
      ? `${first} was left out: ${why}`
      : `${others.length + 1} files of ${shown(folder)} were left out, such as ${first}: ${why}`,
  )
}

function foreignFile(path: string, folder: string): Array<[string, string]> {
  const database = otherDatabaseOfFile(path, folder)
  return database === undefined ? [] : [[path, `it is for ${database}`]]
}

function shown(folder: string): string {
  return folder === '' ? 'the root folder' : folder
}

async function besideOf({ folder, extractor, owned }: Found, all: ReadonlySet<string>, read: ReadFile): Promise<Beside> {
  const above = foldersUp(folder).flatMap((at) => (extractor.configFiles ?? []).map((name) => inFolder(at, name)))
  const wanted = [...above, ...owned.flatMap((path) => extractor.besides?.(path) ?? [])].filter((path) => all.has(path))
  const texts = await Promise.all(wanted.map(async (path) => [path, await read(path)] as const))
  return new Map(texts.flatMap(([path, text]) => (text === undefined ? [] : [[path, text] as const])))
}

function notesOfCode(history: History, paths: readonly string[]): string[] {
  const folders = new Set([history.folder, ...history.files.map(folderOf)])
  const code = paths.filter((path) => CODE.test(fileName(path)) && folders.has(folderOf(path)))
  if (code.length === 0 || history.files.length === 0) return []
  const which = code.length === 1 ? `${code[0]} is a migration` : `${shown(history.folder)} has ${code.length} migrations`
  return [`${which} in code, which was not read: what it creates is unknown here`]
}
