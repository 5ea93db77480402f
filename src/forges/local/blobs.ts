import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { ServiceError } from '../../errors.ts'
import { type Contents, decode, MAX_FILE_BYTES, tooLarge } from './contents.ts'
import { SAFE } from './git.ts'

const IDLE_MS = 60_000

/** A body that is being received. */
interface Body {
  size: number
  left: number
  chunks: Buffer[]
  isBlob: boolean
}

interface Waiting {
  resolve(contents: Contents | undefined): void
  reject(error: Error): void
}

/**
 * Reads objects through one `git cat-file --batch`, however many there are. Answers come in the order of the questions.
 * The process ends with ours and does not keep it alive while nothing is asked.
 */
export class Blobs {
  readonly #root: string
  readonly #env: Record<string, string> | undefined
  #process: ChildProcessWithoutNullStreams | undefined
  #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  #header = Buffer.alloc(0)
  #body: Body | undefined

  /** `env` are all of git's variables; by default those of this process. */
  constructor(root: string, env?: Record<string, string>) {
    this.#root = root
    this.#env = env
  }

  /** By object id or `commit:path`. Undefined when there is no such file. */
  read(name: string): Promise<Contents | undefined> {
    if (/[\n\r\0]/.test(name)) return Promise.resolve({ problem: 'has a name that git cannot be asked for' })
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      const child = this.#started()
      this.#hold(child, true)
      child.stdin.write(`${name}\n`)
    })
  }

  /** Ends the process; what is asked and not answered fails. */
  close(): void {
    this.#process?.kill()
  }

  #started(): ChildProcessWithoutNullStreams {
    if (this.#process) return this.#process
    const child = spawn('git', [...SAFE, 'cat-file', '--batch'], {
      cwd: this.#root,
      windowsHide: true,
      ...(this.#env && { env: this.#env }),
    })
    this.#process = child
    child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk))
    child.stderr.resume()
    child.stdin.on('error', () => undefined)
    child.on('error', (error) => this.#fail(new ServiceError('git', error.message, { cause: error })))
    child.on('close', () => this.#fail(new ServiceError('git', 'git cat-file ended before it answered')))
    return child
  }

  /** While something is asked, the process counts as work to wait for; else it does not. */
  #hold(child: ChildProcessWithoutNullStreams, held: boolean): void {
    const handles = [child, child.stdin, child.stdout, child.stderr] as unknown as Array<{ ref(): void; unref(): void }>
    for (const handle of handles) held ? handle.ref() : handle.unref()
    clearTimeout(this.#timer)
    if (held) this.#timer = setTimeout(() => child.kill(), IDLE_MS)
  }

  #fail(error: Error): void {
    clearTimeout(this.#timer)
    this.#process = undefined
    this.#body = undefined
    this.#header = Buffer.alloc(0)
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
  }

  #receive(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) rest = this.#body ? this.#receiveBody(this.#body, rest) : this.#receiveHeader(rest)
    if (this.#process) this.#hold(this.#process, this.#waiting.length > 0)
  }

  #receiveHeader(chunk: Buffer): Buffer {
    const end = chunk.indexOf(0x0a)
    this.#header = Buffer.concat([this.#header, end < 0 ? chunk : chunk.subarray(0, end)])
    if (end < 0) return Buffer.alloc(0)
    const [, type, size] = / (\w+) (\d+)$/.exec(this.#header.toString()) ?? []
    this.#header = Buffer.alloc(0)
    if (size === undefined) this.#answer(undefined)
    else this.#body = { size: Number(size), left: Number(size) + 1, chunks: [], isBlob: type === 'blob' }
    return chunk.subarray(end + 1)
  }

  /** A blob over the limit flows past without being kept. The last byte is a line end that is not the file's. */
  #receiveBody(body: Body, chunk: Buffer): Buffer {
    const mine = chunk.subarray(0, body.left)
    body.left -= mine.length
    if (body.size <= MAX_FILE_BYTES) body.chunks.push(mine)
    if (body.left === 0) {
      this.#body = undefined
      const contents = body.size > MAX_FILE_BYTES ? tooLarge(body.size) : decode(Buffer.concat(body.chunks).subarray(0, body.size))
      this.#answer(body.isBlob ? contents : undefined)
    }
    return chunk.subarray(mine.length)
  }

  #answer(contents: Contents | undefined): void {
    this.#waiting.shift()?.resolve(contents)
  }
}
