/** Postgres's own source, from a checkout: what its authors wrote beside the code, and the errors it raises. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { UserError } from '../../errors.ts'
import type { SourceDeclaration } from '../declaration.ts'
import type { Block, KnowledgeDocument } from '../document.ts'
import { readCFile, readGrammar } from '../reading/c/file.ts'
import { readSqlStates, type SqlState } from '../reading/c/sqlstates.ts'
import { decode } from '../reading/decode.ts'
import { included, readFolder } from '../reading/folder.ts'
import { readReadme } from '../reading/readme.ts'
import type { Source } from '../source.ts'

type Declaration = Extract<SourceDeclaration, { type: 'source-code' }>

const ERRCODES = 'src/backend/utils/errcodes.txt'
/** Tests raise errors on purpose; tables of characters and translations explain nothing. */
const LEFT_OUT = /(^|\/)(test|tests|expected|po|snowball|unicode|timezone|ecpg|tmp_check|tmp_install)\//
const READ = /(^|\/)(README[^/]*|[^/]+\.[chyl])$/
const GIT_MS = 10_000

/** Links go to the tag. A UserError when the checkout is at another commit than the tag, as the lines would be others. */
export function sourceCodeSource({ path, tag, include }: Declaration): Source {
  return {
    async *read(known, context) {
      await checkTag(path, tag, context.signal)
      const errcodes = await readFile(join(path, ERRCODES), 'utf8').catch(() => '')
      const states = new Map(readSqlStates(errcodes).map((state) => [state.macro, state]))
      const wanted = (key: string) =>
        (READ.test(key) || key === ERRCODES) && (include.length > 0 ? included(key, include) : !LEFT_OUT.test(key))
      const read = (key: string, bytes: Uint8Array) => readSourceFile(key, bytes, tag, states)
      yield* readFolder({ path, wanted, settings: ['source-code', tag, [...states.values()]], deep: true, read }, known, context)
    },
  }
}

function readSourceFile(
  key: string,
  bytes: Uint8Array,
  tag: string,
  states: ReadonlyMap<string, SqlState>,
): Omit<KnowledgeDocument, 'key' | 'revision'> {
  const { text, problems } = decode(bytes)
  return {
    title: key,
    url: `https://github.com/postgres/postgres/blob/${encodeURIComponent(tag)}/${key.split('/').map(encodeURIComponent).join('/')}`,
    author: 'The PostgreSQL Global Development Group',
    date: null,
    licence: 'PostgreSQL',
    trust: 'highest',
    versions: versionsOf(tag),
    blocks: blocksOf(key, text, states),
    problems,
  }
}

function blocksOf(key: string, text: string, states: ReadonlyMap<string, SqlState>): Block[] {
  if (key === ERRCODES) return readSqlStates(text).map(stateBlock)
  if (/\.[yl]$/.test(key)) return readGrammar(text, states)
  return /\.[ch]$/.test(key) ? readCFile(text, key, states) : readReadme(text)
}

function stateBlock({ state, kind, macro, name, section, line }: SqlState): Block {
  const text = [`SQLSTATE ${state}${name ? ` ${name}` : ''}`, `${section} (${kind})`, macro].join('\n')
  return { breadcrumb: ['SQLSTATE', section], anchor: `L${line}`, kind: 'entry', term: name ? `${state} ${name}` : state, text }
}

/** `REL_17_2`, `REL_17_STABLE`, `REL_18_BETA1`, `REL9_6_24`. A branch of development is of no version yet. */
function versionsOf(tag: string): { from: number; to: number } | null {
  const major = /^REL_?(\d{1,2})_/.exec(tag)?.[1]
  return major === undefined ? null : { from: Number(major), to: Number(major) }
}

/** Nothing is said of a folder that is no checkout, or of a tag that it does not know: a copy without history has no tags. */
async function checkTag(path: string, tag: string, signal: AbortSignal): Promise<void> {
  const [head, wanted] = await Promise.all([commitOf(path, 'HEAD', signal), commitOf(path, tag, signal)])
  if (head === undefined || wanted === undefined || head === wanted) return
  throw new UserError(`${path} is not at ${tag}: check it out, or declare the tag that is (git -C ${path} describe --tags).`)
}

async function commitOf(path: string, name: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const args = ['-C', path, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]
    const { stdout } = await promisify(execFile)('git', args, { signal, timeout: GIT_MS })
    return stdout.trim()
  } catch (error) {
    if (signal.aborted) throw error
    return undefined
  }
}
