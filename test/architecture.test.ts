/**
 * The layout's laws, checked. docs/architecture.md says why.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

/** Each folder may import the folders listed; from ports, only the files named for their nouns. */
const MAY_IMPORT: Record<string, string[]> = {
  sql: [],
  rules: ['sql'],
  forges: ['version'],
  extractors: ['sql'],
  clones: ['statistics', 'make-folder'],
  statistics: [],
  experiments: ['sql', 'clones'],
  review: ['sql', 'rules', 'experiments', 'forges', 'extractors', 'clones'],
  reports: ['review', 'rules', 'experiments', 'extractors', 'clones', 'sql', 'forges'],
  database: ['make-folder'],
  knowledge: ['database', 'version'],
  queue: ['forges', 'database'],
  store: ['forges', 'database'],
  web: ['forges', 'queue'],
  conversations: ['forges', 'store', 'queue', 'review', 'reports', 'rules'],
  jobs: ['forges', 'queue', 'store', 'conversations', 'review', 'reports', 'config', 'service-config'],
  ci: ['forges', 'jobs', 'review', 'config'],
  simulation: ['forges'],
  commands: [
    'assemble',
    'assemble-ci',
    'ci',
    'assemble-clones',
    'assemble-knowledge',
    'assemble-quotes',
    'assemble-review',
    'assemble-service',
    'assemble-simulation',
    'assemble-upkeep',
    'service-config',
    'experiments',
    'statistics',
    'config',
    'config-file',
    'make-folder',
    'version',
    'forges',
    'knowledge',
    'review',
    'reports',
    'rules',
    'extractors',
    'sql',
    'clones',
  ],
}
/** Folders of many implementations of one noun, and the files others may import from them. */
const PORTS: Record<string, string[]> = {
  forges: ['forge.ts', 'change.ts', 'diff.ts'],
  database: ['database.ts', 'advisory-lock.ts', 'partitions.ts'],
  queue: ['queue.ts'],
  store: ['store.ts'],
  knowledge: ['knowledge-base.ts', 'declaration.ts', 'document.ts', 'embedder.ts', 'source.ts', 'upkeep.ts', 'usual-name.ts'],
  extractors: ['extractor.ts', 'script.ts', 'history.ts', 'roles.ts'],
  clones: ['clone.ts'],
}
const FORBIDDEN = /^(types|utils?|helpers?|common|domain|lib|misc)$/

const files = globSync('src/**/*.ts').sort()

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/(?:from|import) ?\(?'(\.[^']+)'/g)].map(([, path]) =>
    relative('src', normalize(join(dirname(file), path as string))),
  )
}

test('there are files to check', () => expect(files.length).toBeGreaterThan(50))

describe.each(files.filter((file) => file.split('/').length > 2))('%s', (file) => {
  const folder = relative('src', file).split('/')[0] as string
  test('imports only what its folder may', () => {
    for (const target of importsOf(file)) {
      const [targetFolder = '', name = ''] = target.split('/')
      if (targetFolder === folder || target === 'errors.ts') continue
      expect(MAY_IMPORT[folder], `${file} imports ${target}`).toContain(targetFolder.replace(/\.ts$/, ''))
      if (PORTS[targetFolder]) expect(PORTS[targetFolder], `${file} imports an implementation`).toContain(name)
    }
  })
})

test('only entries and commands import assemble.ts', () => {
  const importers = files
    .filter((file) => importsOf(file).some((target) => /^assemble(?:-\w+)?\.ts$/.test(target)))
    .map((file) => relative('src', file).split('/')[0] as string)
  expect(new Set(importers.filter((importer) => !importer.startsWith('assemble')))).toEqual(new Set(['commands']))
})

test('rooms are named for what is in them', () => {
  const names = files.flatMap((file) => relative('src', file).replace(/\.ts$/, '').split('/'))
  expect(names.filter((name) => FORBIDDEN.test(name))).toEqual([])
})

test('only config.ts reads the environment', () => {
  const readers = files.filter((file) => /process\.env/.test(readFileSync(file, 'utf8')))
  expect(readers).toEqual(['src/config.ts'])
})
