import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DEFAULTS } from '../src/config.ts'
import { ConfigFile, parseConfig } from '../src/config-file.ts'

test('the defaults are those of an empty file', () => {
  expect(ConfigFile.parse({})).toEqual(DEFAULTS)
  expect(parseConfig('')).toEqual(DEFAULTS)
  expect(parseConfig('# nothing yet\n')).toEqual(DEFAULTS)
})

test.each([
  ['failon: high', /failon/],
  ['postgres: 9', /postgres/],
  ['rules: { severity: { avoid-drop-table: awful } }', /severity/],
  ['migrations: [{ path: db, tool: rails }]', /tool/],
  ['a: [', /not YAML/],
])('%s is refused with the place of the mistake', (text, message) => expect(() => parseConfig(text)).toThrow(message))

test('a static review with nothing configured loads no validation library', () => {
  const program = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
    await import(${JSON.stringify(join(import.meta.dirname, '../src/commands/review.ts'))})
    console.log(loaded.filter((url) => /node_modules\\/(zod|js-yaml|@electric-sql|pgsql-ast-parser)\\//.test(url)).join())`
  expect(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }).trim()).toBe('')
})
