import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('../fixtures/facts/', import.meta.url)

/** One statement of the corpus of facts, and the circumstances it runs in. */
export interface Case {
  file: string
  line: number
  setup: string
  statement: string
  /** Earlier statements of the same script, committed: what they create is new. `SET LOCAL` runs in the statement's own transaction. */
  before: string[]
  /** Undoes `before`. */
  after: string[]
  /** Majors it can run on. */
  since: number
  until: number
  /** It cannot run in a transaction block, so its locks cannot be read afterwards. */
  alone: boolean
}

/**
 * Reads test/fixtures/facts/*.sql. One statement stands on one line; comment lines of the form
 * `-- setup: shop`, `-- before: …;`, `-- after: …;`, `-- since: 15`, `-- until: 17` and `-- alone: why` speak of the
 * statement that follows, `setup` of all that follow.
 */
export function readCorpus(): Case[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .flatMap(readCases)
}

export function readSetup(name: string): string {
  return readFileSync(new URL(`setups/${name}.sql`, FOLDER), 'utf8')
}

function readCases(file: string): Case[] {
  const cases: Case[] = []
  let setup = ''
  let directives = new Map<string, string>()
  readFileSync(new URL(file, FOLDER), 'utf8')
    .split('\n')
    .forEach((line, index) => {
      const [, directive, words = ''] = /^-- (setup|before|after|since|until|alone): (.*)$/.exec(line) ?? []
      if (directive === 'setup') setup = words
      else if (directive) directives.set(directive, words)
      else if (line && !line.startsWith('--')) {
        if (!line.endsWith(';')) throw new Error(`${file}:${index + 1}: a statement must end on its line`)
        cases.push(readCase(file, index + 1, setup, line.slice(0, -1), directives))
        directives = new Map()
      }
    })
  return cases
}

function readCase(file: string, line: number, setup: string, statement: string, directives: Map<string, string>): Case {
  return {
    file,
    line,
    setup,
    statement,
    before: statements(directives.get('before')),
    after: statements(directives.get('after')),
    since: Number(directives.get('since') ?? 0),
    until: Number(directives.get('until') ?? 99),
    alone: directives.has('alone'),
  }
}

function statements(text = ''): string[] {
  return text.split(/;\s*/).filter(Boolean)
}
