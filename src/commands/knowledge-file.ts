import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { loadYaml } from '../config-file.ts'
import { UserError } from '../errors.ts'
import type { SourceDeclaration } from '../knowledge/declaration.ts'
import { readDeclaration } from './source-declaration.ts'

/** Where declarations are looked for when no file is named. */
export const KNOWLEDGE_FILE = 'knowledge.yml'

/** What a file declares: `sources:` with a list, or the list alone. Paths in it are relative to it. A UserError lists every mistake. */
export async function readKnowledgeFile(path: string): Promise<SourceDeclaration[]> {
  const found = await readKnowledgeFileIfThere(path)
  if (found === undefined) throw new UserError(`There is no file ${path}.`)
  return found
}

export async function readKnowledgeFileIfThere(path: string): Promise<SourceDeclaration[] | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new UserError(`${path} cannot be read: ${code}.`)
  }
  return declarationsOf(loadYaml(text, path), path)
}

function declarationsOf(content: unknown, path: string): SourceDeclaration[] {
  const list = isObject(content) && Object.keys(content).every((key) => key === 'sources') ? (content.sources ?? []) : content
  if (!Array.isArray(list))
    throw new UserError(`${path} is not right: it has \`sources:\` with a list of declarations, and nothing else. See docs/knowledge.md.`)
  const problems: string[] = []
  const declarations = list.flatMap((item: unknown, index) => {
    const place = `sources[${index}]`
    if (!isObject(item)) {
      problems.push(`${place} is no declaration: it has fields, \`type:\` among them`)
      return []
    }
    const { declaration, problems: found } = readDeclaration(item, dirname(resolve(path)))
    problems.push(...found.map(({ field, text }) => `${place}.${field} ${text}`))
    return declaration ? [declaration] : []
  })
  const twice = declarations.filter(({ name }, index) => declarations.findIndex((other) => other.name === name) < index)
  problems.push(...twice.map(({ name }) => `two sources are called ${name}: give one of them another \`name:\``))
  if (problems.length > 0)
    throw new UserError(
      `${path} is not right:\n${problems.map((problem) => `  ${problem}`).join('\n')}\nEvery field is described in docs/knowledge.md.`,
    )
  return declarations
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
