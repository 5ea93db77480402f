import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GitForge, startGitForge } from './fixtures/git-forge.ts'

let forge: GitForge
beforeAll(async () => {
  forge = await startGitForge()
})
afterAll(() => forge[Symbol.asyncDispose]())

describe('both sides', () => {
  test('are compared and can be read', async () => {
    const request = await forge.propose(
      { 'm/1.sql': 'select 1;\n', 'm/2.sql': 'select 2;\n', 'm/moved.sql': 'same\n', 'readme.md': 'x' },
      { 'm/2.sql': 'select 22;\n', 'm/3.sql': 'select 3;\n', 'm/1.sql': null, 'm/moved.sql': null, 'm/to.sql': 'same\n', 'readme.md': 'y' },
    )
    await using opened = await forge.open(request)
    expect(opened.change).toMatchObject({ title: 'shop#7: Add orders', base: request.baseSha, head: request.headSha, notes: [] })
    expect(opened.change.files).toEqual([
      { path: 'm/1.sql', status: 'deleted', text: undefined, before: 'select 1;\n' },
      { path: 'm/2.sql', status: 'modified', text: 'select 22;\n', before: 'select 2;\n' },
      { path: 'm/3.sql', status: 'added', text: 'select 3;\n', before: undefined },
      { path: 'm/to.sql', status: 'renamed', previousPath: 'm/moved.sql', text: 'same\n', before: 'same\n' },
    ])
    expect(await opened.baseTree.list()).toEqual(['m/1.sql', 'm/2.sql', 'm/moved.sql', 'readme.md'])
    expect(await opened.headTree.read('readme.md')).toBe('y')
    expect(await opened.baseTree.read('readme.md')).toBe('x')
    expect(await opened.baseTree.read('m/3.sql')).toBeUndefined()
  })
})
