import { toUSVString } from 'node:util'
import { Command, Option } from 'commander'
import { isThere, type Knowledge, openKnowledge } from '../assemble-knowledge.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import { SOURCE_TYPES, type SourceType } from '../knowledge/document.ts'
import type { FoundPassage } from '../knowledge/knowledge-base.ts'
import { oneLine } from '../reports/printable.ts'
import { abortOnSignals } from './abort.ts'
import { BEGINNING, collect, dataOption, formatOption, numberBetween } from './kb-options.ts'
import { passagesText } from './passage-text.ts'
import { type AskedQuestion, readQuestions } from './questions-file.ts'

const MOST = 100
const OLDEST_POSTGRES = 10
const NEWEST_POSTGRES = 30

interface SearchOptions {
  limit: number
  format: 'text' | 'json' | 'jsonl'
  postgres?: number
  type?: SourceType[]
  questions?: string
  data: string
}

/** `pgwitness kb search "question"`. */
export function kbSearch(): Command {
  return new Command('search')
    .description('Passages that answer a question, the best first: a question in plain words, an error message, the name of a setting.')
    .argument('[question...]', 'after `--` when it begins with a hyphen')
    .addOption(new Option('--limit <number>', 'passages at most').argParser(numberBetween(1, MOST)).default(5))
    .addOption(formatOption(['text', 'json', 'jsonl']))
    .addOption(
      new Option('--postgres <major>', 'major version of your server: its passages go first').argParser(
        numberBetween(OLDEST_POSTGRES, NEWEST_POSTGRES),
      ),
    )
    .addOption(
      new Option('--type <type>', `only of this type of source; may be repeated: ${SOURCE_TYPES.join(', ')}`).argParser(collectType),
    )
    .option(
      '--questions <file>',
      'answer all questions of a file (`-`: standard input): one a line, or a list in YAML (.yml), JSON (.json) or JSON lines (.jsonl)',
    )
    .addOption(dataOption())
    .addHelpText(
      'after',
      `
JSON is an array of passages: id, url, title, quote, text, source, type, author, date, licence, trust, versions, score; with --questions a list of
{ question, passages }. With --format jsonl each of them is a line. Exit code: 0 also when nothing was found, 2 wrong usage, 3 a failure.`,
    )
    .action(async (words: string[], options: SearchOptions) => await runSearch(words.join(' '), options))
}

function collectType(value: string, previous: SourceType[] | undefined): SourceType[] {
  const type = SOURCE_TYPES.find((known) => known === value)
  if (type === undefined) throw new UserError(`There is no type ${oneLine(value)}. There are ${SOURCE_TYPES.join(', ')}.`)
  return collect(type, previous) as SourceType[]
}

async function runSearch(question: string, options: SearchOptions): Promise<void> {
  const { questions } = options
  if (questions === undefined && question.trim() === '')
    throw new UserError('Ask something: pgwitness kb search -- "how do I add an index without blocking writes?"')
  if (questions !== undefined && question !== '') throw new UserError('Give a question or --questions, not both.')
  const environment = readKnowledgeEnvironment()
  const signal = abortOnSignals()
  await using knowledge = isThere(options.data, environment) ? await openKnowledge(options.data, environment) : undefined
  const ask = async ({ question: text, postgres }: AskedQuestion): Promise<FoundPassage[]> =>
    knowledge && text.trim() !== ''
      ? await knowledge.base.search({ text, postgres: postgres ?? options.postgres, limit: options.limit, types: options.type }, signal)
      : []
  const isFound =
    questions === undefined
      ? await answerOne(question, ask, options.format)
      : await answerAll(readQuestions(questions), ask, options.format)
  if (!isFound && (await isEmpty(knowledge))) console.error(`pgwitness: the knowledge base has nothing in it yet. ${BEGINNING}`)
}

type Ask = (question: AskedQuestion) => Promise<FoundPassage[]>

/** Whether there was anything. */
async function answerOne(question: string, ask: Ask, format: SearchOptions['format']): Promise<boolean> {
  const passages = await ask({ question })
  if (format === 'json') await put(`${json(passages, 2)}\n`)
  else if (format === 'jsonl') for (const passage of passages) await put(`${json(passage)}\n`)
  else if (passages.length > 0) await put(passagesText(passages))
  else await put('Nothing in the knowledge base speaks of this.\n')
  return passages.length > 0
}

/** Each is written when it is answered. */
async function answerAll(questions: AsyncIterable<AskedQuestion>, ask: Ask, format: SearchOptions['format']): Promise<boolean> {
  let isFound = false
  let count = 0
  for await (const asked of questions) {
    const passages = await ask(asked)
    isFound ||= passages.length > 0
    if (format === 'text')
      await put(
        `${count > 0 ? '\n' : ''}${oneLine(asked.question)}\n\n${passages.length > 0 ? passagesText(passages) : 'Nothing speaks of this.\n'}`,
      )
    else {
      const line = json({ question: asked.question, passages })
      await put(format === 'jsonl' ? `${line}\n` : `${count > 0 ? ',\n' : '[\n'}${line}`)
    }
    count++
  }
  if (format === 'json') await put(count > 0 ? '\n]\n' : '[]\n')
  return isFound
}

async function isEmpty(knowledge: Knowledge | undefined): Promise<boolean> {
  return ((await knowledge?.base.list()) ?? []).every(({ passages }) => passages === 0)
}

/** Waits for a reader that is slower than we are. */
async function put(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise<void>((resolve) => process.stdout.once('drain', resolve))
}

/** Control characters of a terminal are escaped in it, those of eight bits too. */
function json(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'string' ? toUSVString(item) : item), indent)
  return text.replace(/[\u007f-\u009f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
