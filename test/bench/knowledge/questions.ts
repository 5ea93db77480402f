/**
 * What reviewers and developers ask, each with the sections of the Postgres 15 manual that answer it: test/fixtures/knowledge/questions/<kind>.yml.
 * They were thought of before the sections were looked for. Search is tuned on those that are not held out, and judged on those that are.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { z } from 'zod'
import type { Manual, ManualText } from './plain-manual.ts'

const FOLDER = join(import.meta.dirname, '../../fixtures/knowledge/questions')

export const KINDS = [
  'plain-words',
  'error-messages',
  'settings',
  'sql-commands',
  'locks-and-ddl',
  'planner-and-indexes',
  'operations',
  'functions-and-types',
  'slips',
  'keywords',
] as const

const Answer = z.strictObject({
  /** Page and anchor: `sql-altertable.html#SQL-ALTERTABLE-NOTES`. */
  at: z.string().regex(/^[a-z0-9-]+\.html#[A-Za-z0-9._-]+$/),
  /** Words of that section without which it would not answer, as they stand there but for punctuation and line breaks. */
  says: z.string().min(16).max(160),
})

const Questions = z.array(
  z.strictObject({
    ask: z.string().min(4).max(240),
    /** Major version that the asker names or has; without it any will do. */
    postgres: z.int().min(12).max(18).optional(),
    heldOut: z.boolean().default(false),
    /** The best first; any of them will do. */
    answers: z.array(Answer).min(1),
  }),
)

export type AskedQuestion = z.infer<typeof Questions>[number] & { kind: (typeof KINDS)[number] }

export function readQuestions(): AskedQuestion[] {
  const kinds = readdirSync(FOLDER).map((file) => z.enum(KINDS).parse(file.replace(/\.yml$/, '')))
  return kinds.flatMap((kind) => {
    const read = Questions.safeParse(load(readFileSync(join(FOLDER, `${kind}.yml`), 'utf8')))
    if (!read.success) throw new Error(`${kind}.yml: ${z.prettifyError(read.error)}`)
    return read.data.map((question) => ({ ...question, kind }))
  })
}

/**
 * How well something found answers: `words` when it holds the words that answer, `section` when it is only of a section that does, or of one inside it. A passage
 * of another anchor counts by its words too, so that larger pieces (a section around an entry, a whole page) are not marked down for their size.
 */
export function gradeFound(question: AskedQuestion, found: ManualText, manual: Manual): 'words' | 'section' | null {
  const { page, anchor } = placeOf(found.url)
  const answers = question.answers.map(({ at, says }) => ({ ...placeOf(at), says })).filter((answer) => answer.page === page)
  const text = bareWords(found.text)
  if (answers.some(({ says }) => text.includes(bareWords(says)))) return 'words'
  const around = [anchor, ...(manual.get(page)?.anchored.get(anchor)?.within ?? [])]
  return answers.some((answer) => answer.anchor !== '' && around.includes(answer.anchor)) ? 'section' : null
}

/** Nothing but letters and digits, which every reader of the manual leaves as they are. */
export function bareWords(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')
}

function placeOf(url: string): { page: string; anchor: string } {
  const [path = '', anchor = ''] = url.split('#')
  return { page: path.split('/').at(-1) ?? '', anchor }
}
