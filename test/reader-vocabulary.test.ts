import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ACTIONS } from '../src/sql/actions.ts'
import type { Operation } from '../src/sql/operation.ts'
import { readScript } from '../src/sql/reader/read-script.ts'
import { splitStatements } from '../src/sql/reader/split.ts'
import { COMMON_WORDS, DETAIL_WORDS } from '../src/sql/words.ts'

const folder = new URL('fixtures/sql/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
const textOf = (name: string) => readFileSync(new URL(name, folder), 'utf8')

async function everyOperation(): Promise<Operation[]> {
  const scripts = await Promise.all(files.map((name) => readScript(textOf(name))))
  return scripts.flat().flatMap((statement) => statement.operations)
}

test.each(files)('every statement of %s is read', async (name) => {
  const statements = await readScript(textOf(name))
  expect(statements.filter((one) => one.syntaxError || one.operations.length === 0)).toEqual([])
})

test('an action and its words are declared', async () => {
  const details = Object.keys(DETAIL_WORDS)
  const common = new Set([...Object.keys(COMMON_WORDS), ...details].map((path) => path.split('.')[0]))
  const undeclared = new Set<string>()
  for (const operation of await everyOperation()) {
    const own = ACTIONS[operation.action]
    if (!own) undeclared.add(operation.action)
    for (const [word, value] of Object.entries(operation)) {
      if (value === undefined) undeclared.add(`${operation.action}: ${word} is undefined`)
      if (!common.has(word) && !(own && word in own)) undeclared.add(`${operation.action}: ${word}`)
      if (!['column', 'constraint', 'index'].includes(word)) continue
      for (const inner of Object.keys(value as object)) {
        if (!details.some((path) => path === `${word}.${inner}` || path.startsWith(`${word}.${inner}.`))) undeclared.add(`${word}.${inner}`)
      }
    }
  }
  expect([...undeclared]).toEqual([])
})

test('every declared action is read from something, with every word of its own', async () => {
  const seen = new Map<string, Set<string>>()
  for (const operation of await everyOperation()) {
    const words = seen.get(operation.action) ?? new Set()
    for (const word of Object.keys(operation)) words.add(word)
    seen.set(operation.action, words)
  }
  const missing = Object.entries(ACTIONS).flatMap(([action, words]) =>
    Object.keys({ action, ...words })
      .filter((word) => !seen.get(action)?.has(word))
      .map((word) => `${action}: ${word}`),
  )
  expect(missing).toEqual([])
})

test('nothing with an action of its own comes out as `other`', async () => {
  const tags = (await everyOperation()).filter((one) => one.action === 'other').map((one) => String(one.tag))
  expect(tags.filter((tag) => tag in ACTIONS)).toEqual([])
  expect(new Set(tags)).toEqual(
    new Set([
      'fetch',
      'move',
      'close',
      'listen',
      'notify',
      'unlisten',
      'load',
      'checkpoint',
      'show',
      'create aggregate',
      'create event trigger',
      'alter event trigger',
      'drop event trigger',
      'create server',
      'create cast',
      'create operator',
      'create collation',
      'create text search configuration',
      'create tablespace',
      'drop owned',
      'reassign owned',
      'import foreign schema',
      'security label',
    ]),
  )
})

test.each(files)('our own splitting of %s agrees with the parser', async (name) => {
  const text = textOf(name)
  const statements = await readScript(text)
  expect(splitStatements(text).map(({ start, end }) => [start, end])).toEqual(statements.map(({ start, end }) => [start, end]))
})
