/** A file into a base: read and checked to its end before anything is stored, and then stored as a sync does. */
import { type Database, SCHEMA } from '../../database/database.ts'
import { UserError } from '../../errors.ts'
import { SourceDeclaration } from '../declaration.ts'
import type { Model } from '../embedder.ts'
import { finish } from '../storage/sync.ts'
import type { TransferOptions, TransferReport } from '../upkeep.ts'
import { openTransferFile, type TransferFile } from './transfer-file.ts'
import { readTransfer, type TransferSource } from './transfer-reader.ts'
import { TransferStore } from './transfer-store.ts'
import { chooseVectors, type VectorChoice } from './vector-choice.ts'

export interface ImportOptions extends TransferOptions {
  dryRun: boolean
  /** The one that is configured. */
  model?: Model | undefined
}

export async function importBase(database: Database, path: string, options: ImportOptions): Promise<TransferReport> {
  const { only, dryRun, signal, progress } = options
  await using file = await openTransferFile(path)
  progress(`Checking ${path}`)
  await file.verify(signal)
  const { report, chosen, embedding } = await check(file, path, only, { signal, progress })
  const stored = await readDeclarations(database)
  for (const source of report.sources) source.replaced = stored.has(source.name)
  refuseOtherTypes(chosen, stored)
  const vectors = await chooseVectors(database, embedding, options.model)
  if (vectors.note !== undefined && report.vectors > 0) report.notes.push(vectors.note)
  if (!vectors.model) report.vectors = 0
  const declarations = chosen.map((source) => declarationHere(source, stored, report.exportedAt))
  for (const { name, imported } of declarations) {
    if (imported)
      report.notes.push(
        `${name} came from ${imported.path}. To sync it here: pgwitness kb add --name ${name} …, with a path of this machine.`,
      )
  }
  if (dryRun) return report
  await load(database, file, path, { chosen, declarations, vectors, report }, { signal, progress })
  return report
}

/** The whole file, once. A UserError when anything of it is not what it should be. */
async function check(
  file: TransferFile,
  path: string,
  only: readonly string[],
  { signal, progress }: Pick<TransferOptions, 'signal' | 'progress'>,
) {
  const { header, documents } = await readTransfer(file, path, signal)
  const names = header.sources.map(({ declaration: { name } }) => name)
  const stranger = only.find((name) => !names.includes(name))
  if (stranger !== undefined) {
    await documents.return(undefined)
    throw new UserError(`${path} has no source ${stranger}. It has ${names.join(', ') || 'none'}.`)
  }
  const chosen = header.sources.filter(({ declaration: { name } }) => only.length === 0 || only.includes(name))
  const all = header.sources.reduce((sum, { passages }) => sum + passages, 0)
  let passages = 0
  let vectors = 0
  for await (const { source, passages: own } of documents) {
    passages += own.length
    if (chosen.includes(source)) vectors += own.filter(({ numbers }) => numbers !== null).length
    progress(`Checking ${path}: ${passages} of ${all} passages`)
  }
  const { embedding } = header
  const report: TransferReport = {
    file: path,
    bytes: file.bytes,
    exportedAt: header.exportedAt,
    model: embedding && { name: embedding.name, dimensions: embedding.dimensions },
    vectors,
    sources: chosen.map(({ declaration: { name, type }, documents: count, passages: own, tokens }) => ({
      ...{ name, type, documents: count, passages: own, tokens },
      replaced: false,
    })),
    notes: [],
  }
  return { report, chosen, embedding: report.model }
}

async function readDeclarations(database: Database): Promise<Map<string, SourceDeclaration>> {
  const rows = await database.query<{ declaration: unknown }>(`select declaration from ${SCHEMA}.sources`)
  return new Map(rows.map(({ declaration }) => SourceDeclaration.parse(declaration)).map((declaration) => [declaration.name, declaration]))
}

function refuseOtherTypes(chosen: readonly TransferSource[], stored: ReadonlyMap<string, SourceDeclaration>): void {
  for (const { declaration } of chosen) {
    const here = stored.get(declaration.name)
    if (here && here.type !== declaration.type)
      throw new UserError(
        `${declaration.name} is ${here.type} here and ${declaration.type} in the file. Remove it first (pgwitness kb remove ${declaration.name}), or import others with --only.`,
      )
  }
}

/** Of what the file says of a source, paths are those of another machine. One that was pointed somewhere on this machine stays so. */
function declarationHere({ declaration }: TransferSource, stored: ReadonlyMap<string, SourceDeclaration>, at: string): SourceDeclaration {
  const { imported, ...rest } = declaration
  const there = ('path' in rest ? rest.path : undefined) ?? ''
  const from = imported?.path ?? there
  const here = stored.get(declaration.name)
  const place = here && !here.imported && 'path' in here ? here.path : undefined
  if ('path' in rest) {
    if (place !== undefined) return { ...rest, path: place }
    const isOptional = rest.type === 'manual' || rest.type === 'release-notes'
    const pathless = isOptional ? without(rest, 'path') : { ...rest, path: '' }
    // Crawled there or here: nothing of a machine is in it.
    if (from === '' || (here && !here.imported)) return pathless
    return { ...pathless, imported: { path: from, at } }
  }
  return imported ? { ...rest, imported } : rest
}

function without<T extends object, K extends keyof T>(object: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = object
  return rest
}

const TOLD = 5

function failuresInWords(source: string, failed: TransferStore['failed']): string[] {
  const some = failed.slice(0, TOLD).map(({ key, reason }) => `${source}: ${key} could not be stored: ${reason}`)
  return failed.length > TOLD ? [...some, `${source}: ${failed.length - TOLD} more could not be stored`] : some
}

interface Load {
  chosen: readonly TransferSource[]
  /** As they are stored here, in the same order. */
  declarations: readonly SourceDeclaration[]
  vectors: VectorChoice
  report: TransferReport
}

async function load(
  database: Database,
  file: TransferFile,
  path: string,
  { chosen, declarations, vectors, report }: Load,
  { signal, progress }: Pick<TransferOptions, 'signal' | 'progress'>,
): Promise<void> {
  const table = await vectors.prepare()
  const all = report.sources.reduce((sum, { passages }) => sum + passages, 0)
  const { documents } = await readTransfer(file, path, signal)
  const names = chosen.map(({ declaration: { name } }) => name)
  let done = 0
  let next = 0
  let store: TransferStore | undefined
  const end = async (): Promise<void> => {
    const source = chosen[next]
    const declaration = declarations[next]
    if (!source || !declaration) return
    store ??= await TransferStore.open(database, declaration, table)
    await store.end()
    report.notes.push(...failuresInWords(declaration.name, store.failed))
    await finish(database, declaration.name, source.syncedAt)
    store = undefined
    next++
  }
  for await (const whole of documents) {
    signal.throwIfAborted()
    const { name } = whole.source.declaration
    if (!names.includes(name)) continue
    // Also of sources that have no documents.
    while (names[next] !== name) await end()
    store ??= await TransferStore.open(database, declarations[next] as SourceDeclaration, table)
    await store.add(whole)
    done += whole.passages.length
    progress(`Importing: ${done} of ${all} passages`)
  }
  while (next < chosen.length) await end()
  await vectors.finish()
}
