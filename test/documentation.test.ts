import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generatedPages } from '../docs/generate.ts'

const docs = join(import.meta.dirname, '../docs')
const pages = await generatedPages()

test.each([...pages.keys()])('docs/%s is what `npm run generate` would write', (path) => {
  expect(existsSync(join(docs, path)), `docs/${path} is missing: npm run generate`).toBe(true)
  expect(readFileSync(join(docs, path), 'utf8'), `docs/${path} is stale: npm run generate`).toBe(pages.get(path))
})

test('no page of a rule that is gone', () => {
  expect(
    readdirSync(join(docs, 'rules'))
      .map((name) => `rules/${name}`)
      .filter((path) => !pages.has(path)),
  ).toEqual([])
})
