import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { loadYaml } from '../config-file.ts'
import { UserError } from '../errors.ts'

/** A line of a file, or an item of its list. */
export interface AskedQuestion {
  question: string
  /** Major version of the asker's server, where the file says it. */
  postgres?: number | undefined
}

/** Of files that are read as a whole. Those with a line a question may be of any size. */
const LARGEST_BYTES = 64 * 1024 * 1024

const Item = z.union([
  z.string().transform((question) => ({ question })),
  z
    .object({ question: z.string().optional(), ask: z.string().optional(), postgres: z.int().min(10).max(30).optional() })
    .transform(({ question, ask, postgres }, context) => {
      const text = question ?? ask
      if (text !== undefined) return { question: text, postgres }
      context.addIssue({ code: 'custom', message: 'it has no `question`' })
      return z.NEVER
    }),
])
const List = z.union([z.array(z.unknown()), z.object({ questions: z.array(z.unknown()) }).transform(({ questions }) => questions)])

/**
 * The questions of a file, `-` for standard input: a list of strings or of objects with `question` in YAML or JSON (by the file's ending), an object or string a
 * line in JSON lines, else one question a line. A UserError says which one is none.
 */
export async function* readQuestions(path: string): AsyncGenerator<AskedQuestion> {
  const kind = path === '-' ? '' : extname(path).toLowerCase()
  if (path !== '-') await checkFile(path)
  if (kind === '.json' || kind === '.yml' || kind === '.yaml') return yield* listed(await readWhole(path, kind), path)
  let number = 0
  for await (const line of linesOf(path === '-' ? process.stdin : createReadStream(path))) {
    number++
    const text = (number === 1 ? line.replace(/^\ufeff/, '') : line).trim()
    if (text === '') continue
    yield kind === '.jsonl' || kind === '.ndjson' ? question(parseJson(text, path, number), path, number) : { question: text }
  }
}

async function checkFile(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) throw new UserError(`${path} is a folder; --questions takes a file.`)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

async function readWhole(path: string, kind: string): Promise<unknown> {
  if ((await stat(path)).size > LARGEST_BYTES)
    throw new UserError(`${path} is over ${LARGEST_BYTES / 1024 / 1024} MB: give a file with one question a line, or JSON lines (.jsonl).`)
  const text = (await readFile(path, 'utf8')).replace(/^\ufeff/, '')
  return kind === '.json' ? parseJson(text, path) : loadYaml(text, path)
}

function* listed(content: unknown, path: string): Generator<AskedQuestion> {
  const list = List.safeParse(content ?? [])
  if (!list.success) throw new UserError(`${path} is no list of questions: strings, or objects with \`question\`.`)
  // All are looked at before the first is answered.
  yield* list.data.map((item, index) => question(item, path, index + 1))
}

function question(item: unknown, path: string, number: number): AskedQuestion {
  const result = Item.safeParse(item)
  if (result.success) return result.data
  throw new UserError(
    `${path}: the ${number}. question is neither a string nor an object with \`question\` (and \`postgres\`, a major version, if told).`,
  )
}

function parseJson(text: string, path: string, line?: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError(`${path}${line === undefined ? '' : `, line ${line},`} is not JSON: ${(error as Error).message}`)
  }
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
}
