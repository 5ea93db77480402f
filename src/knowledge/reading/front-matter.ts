/** What stands above a text between lines of `---`. */
import { load } from 'js-yaml'
import { cleanLine } from './clean.ts'
import { isoDate } from './html-page.ts'

export interface FrontMatter {
  title: string | null
  /** ISO 8601. */
  date: string | null
  /** The text below. */
  body: string
  problems: string[]
}

const MAX_FRONT_MATTER_CHARACTERS = 20_000

/** Broken YAML is told, and the text below is read all the same. */
export function readFrontMatter(text: string): FrontMatter {
  const found = /^---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/ms.exec(text.slice(0, MAX_FRONT_MATTER_CHARACTERS))
  if (found?.index !== 0) return { title: null, date: null, body: text, problems: [] }
  const body = text.slice(found[0].length)
  try {
    const yaml = found[1] as string
    const fields: unknown = load(yaml)
    const read = (name: string) => (typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>)[name] : undefined)
    const title = read('title')
    const date = [read('date'), read('published'), read('last_modified'), read('updated')].map(isoDate).find((value) => value !== null)
    return { title: typeof title === 'string' && cleanLine(title) !== '' ? cleanLine(title) : null, date: date ?? null, body, problems: [] }
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n', 1)[0] as string).slice(0, 200) : String(error)
    return { title: null, date: null, body, problems: [`its front matter is not YAML: ${reason}`] }
  }
}
