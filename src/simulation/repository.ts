import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** By path; null deletes. */
export type Files = Record<string, FileContent | null>
type FileContent =
  | string
  | Buffer
  | { /** `120000` is a symbolic link, `160000` a submodule. */ mode: '100755' | '120000' | '160000'; content: string }

interface NewCommit {
  /** All of these name it from then on. */
  refs: readonly [string, ...string[]]
  files: Files
  /** Its id, or which one of the list, from 0. */
  parent?: string | number | undefined
  tree?: string | undefined
  message?: string | undefined
}

/** A real repository without a working tree. */
export interface Repository extends AsyncDisposable {
  folder: string
  /** Runs git in it and gives what it writes. */
  git(args: readonly string[], input?: Buffer): Promise<Buffer>
  /** Like `git()`, as text without the last line's end. */
  text(...args: string[]): Promise<string>
  /**
   * A commit with the parent's files and these, which `ref` names from then on. Without a parent the tree has only these; with `tree`, the id of one, it
   * starts from that. Its id.
   */
  commit(ref: string, files: Files, options?: { parent?: string | undefined; tree?: string | undefined; message?: string }): Promise<string>
  /** Several commits by one process. Their ids, in order. */
  commitAll(commits: readonly NewCommit[]): Promise<string[]>
  setRef(ref: string, sha: string): Promise<void>
  deleteRef(ref: string): Promise<void>
}

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024
/** What the machine's owner set for git counts for nothing here. */
export const ISOLATED = ['GIT_CONFIG_NOSYSTEM=1', 'GIT_CONFIG_GLOBAL=/dev/null', 'GIT_TERMINAL_PROMPT=0'] as const
/** Both forges allow a partial clone, and a commit by its id. */
const CONFIG = `[core]
	repositoryformatversion = 0
	bare = true
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[gc]
	auto = 0
`
/** Each commit is a second later than the one before: two with the same files are two. */
const FIRST_COMMIT_S = 1_760_000_000

export async function makeRepository(): Promise<Repository> {
  const folder = await mkdtemp(join(tmpdir(), 'pgwitness-stub-'))
  let commits = 0
  const git = (args: readonly string[], input?: Buffer): Promise<Buffer> => runGit(folder, args, input)
  const text = async (...args: string[]): Promise<string> => (await git(args)).toString().replace(/\n$/, '')
  // What `git init --bare` makes, without a process.
  for (const part of ['objects', 'refs/heads']) await mkdir(join(folder, part), { recursive: true })
  await writeFile(join(folder, 'HEAD'), 'ref: refs/heads/main\n')
  await writeFile(join(folder, 'config'), CONFIG)
  const commitAll: Repository['commitAll'] = async (list) => {
    const parts = list.map((commit, index) => importStream(commit, index, FIRST_COMMIT_S + commits++))
    const written = await git(['fast-import', '--quiet', '--force'], Buffer.concat(parts))
    return written.toString().trim().split('\n')
  }
  return {
    folder,
    git,
    text,
    async commit(ref, files, options = {}) {
      const [sha = ''] = await commitAll([{ refs: [ref], files, ...options }])
      return sha
    },
    commitAll,
    async setRef(ref, sha) {
      await git(['update-ref', ref, sha])
    },
    async deleteRef(ref) {
      await git(['update-ref', '-d', ref])
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Input of `git fast-import`: one process however many files. */
function importStream({ refs, files, parent, tree, message = 'Change' }: NewCommit, index: number, seconds: number): Buffer {
  const [ref, ...others] = refs
  const mark = `:${index + 1}`
  const who = `Octo Cat <octocat@example.com> ${seconds} +0000`
  // Without the first line it would go on from where the ref is.
  const parts: Array<string | Buffer> = [`reset ${ref}\n`, `commit ${ref}\n`, `mark ${mark}\n`, `committer ${who}\n`, ...data(message)]
  if (parent !== undefined) parts.push(`from ${typeof parent === 'number' ? `:${parent + 1}` : parent}\n`)
  if (tree !== undefined) parts.push(`M 040000 ${tree} ""\n`)
  for (const [path, file] of Object.entries(files)) {
    const name = `"${path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`
    if (file === null) parts.push(`D ${name}\n`)
    else if (typeof file === 'string' || Buffer.isBuffer(file)) parts.push(`M 100644 inline ${name}\n`, ...data(file))
    else if (file.mode === '160000') parts.push(`M 160000 ${file.content} ${name}\n`)
    else parts.push(`M ${file.mode} inline ${name}\n`, ...data(file.content))
  }
  for (const other of others) parts.push(`\nreset ${other}\nfrom ${mark}\n`)
  // Writes the commit's id.
  parts.push(`\nget-mark ${mark}\n`)
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)))
}

function data(content: string | Buffer): Array<string | Buffer> {
  return [`data ${Buffer.byteLength(content)}\n`, content, '\n']
}

function runGit(cwd: string, args: readonly string[], input?: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const command = [...ISOLATED, 'git', '--literal-pathspecs', '-c', 'core.quotePath=false', ...args]
    const child = execFile('env', command, { cwd, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'buffer' }, (error, stdout, stderr) => {
      if (error) reject(new Error(`git ${args.join(' ')}: ${stderr.toString().trim() || error.message}`))
      else resolve(stdout)
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
