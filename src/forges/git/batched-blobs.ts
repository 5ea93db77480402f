import { ServiceError } from '../../errors.ts'
import type { GitAccess, MergeRequest } from '../forge.ts'
import { Blobs } from '../local/blobs.ts'
import type { Contents } from '../local/contents.ts'
import { alone, type CachedRepository, discard, presentObjects } from './cached-repository.ts'
import { localEnvironment } from './environment.ts'
import { fetchObjects } from './fetch.ts'
import { CorruptedCache, GitClosed } from './git-closed.ts'

interface Batch {
  asked: Set<string>
  /** Likely to be asked for next. */
  alongside: Set<string>
  done: Promise<void>
}

/**
 * Contents by object id. What is not there yet is fetched: all that is asked for at the same moment in one go, with what is likely to be asked next, as each
 * question to the server takes about as long as a hundred files.
 */
export class BatchedBlobs {
  readonly #repository: CachedRepository
  readonly #access: GitAccess
  readonly #request: MergeRequest
  readonly #signal: AbortSignal
  readonly #blobs: Blobs
  readonly #known = new Set<string>()
  readonly #tooLarge = new Set<string>()
  #batch: Batch | undefined
  #isClosed = false
  #discarded: Promise<void> | undefined

  constructor(repository: CachedRepository, access: GitAccess, request: MergeRequest, signal: AbortSignal) {
    this.#repository = repository
    this.#access = access
    this.#request = request
    this.#signal = signal
    this.#blobs = new Blobs(repository.folder, localEnvironment(repository.environment, repository.folder))
  }

  /** CorruptedCache when what is there cannot be read. */
  async read(id: string, alongside: () => Iterable<string> = () => []): Promise<Contents | undefined> {
    if (!this.#known.has(id)) await this.#ensure(id, alongside)
    if (this.#tooLarge.has(id)) return { problem: 'is too large to be fetched' }
    return this.#blobs.read(id).catch((error: Error) => {
      throw new CorruptedCache('git cat-file failed', { cause: error })
    })
  }

  /** Errors of a cache that was right when the merge request was opened: it is removed, and another try fetches it anew. */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.#signal.throwIfAborted()
      if (this.#isClosed) throw new Error('the merge request was closed while a file was being read', { cause: error })
      if (error instanceof GitClosed) throw new ServiceError('git', error.message, { cause: error })
      if (!(error instanceof CorruptedCache)) throw error
      // Once for all that were reading.
      this.#discarded ??= discard(this.#repository, this.#signal)
      await this.#discarded
      throw new ServiceError('git', 'the cached repository could not be read; it is fetched anew next time', { cause: error })
    }
  }

  /** Sizes of those that are there, after all of them were fetched. */
  async sizes(ids: readonly string[]): Promise<Map<string, number>> {
    await Promise.all(ids.map((id) => (this.#known.has(id) ? undefined : this.#ensure(id, () => []))))
    return presentObjects(this.#repository, ids, this.#signal)
  }

  close(): void {
    this.#isClosed = true
    this.#blobs.close()
  }

  #ensure(id: string, alongside: () => Iterable<string>): Promise<void> {
    if (!this.#batch) {
      const batch: Batch = { asked: new Set(), alongside: new Set(), done: Promise.resolve() }
      batch.done = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        this.#batch = undefined
        return this.#bring(batch)
      })
      this.#batch = batch
    }
    this.#batch.asked.add(id)
    if (!this.#batch.alongside.has(id)) for (const other of alongside()) if (!this.#known.has(other)) this.#batch.alongside.add(other)
    return this.#batch.done
  }

  async #bring({ asked, alongside }: Batch): Promise<void> {
    if ((await this.#missing([...asked])).length === 0) return
    await alone(this.#repository, this.#request.headSha.length, this.#signal, async () => {
      const everything = await this.#missing([...asked, ...alongside])
      if (everything.length > asked.size && (await this.#fetch(everything)) === undefined) return
      await this.#fetchInParts(await this.#missing([...asked]))
    })
  }

  /** One that is too large is found by halves; the others come. */
  async #fetchInParts(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const failure = await this.#fetch(ids)
    if (failure === 'too large' && ids.length > 1) {
      await this.#fetchInParts(ids.slice(0, ids.length >> 1))
      await this.#fetchInParts(ids.slice(ids.length >> 1))
    } else if (failure === 'too large') {
      for (const id of ids) this.#tooLarge.add(id)
    } else if (failure !== undefined) {
      throw new ServiceError('git', 'files of the merge request are not at the forge any more: somebody force-pushed meanwhile')
    }
    for (const id of ids) this.#known.add(id)
  }

  async #fetch(wanted: readonly string[]): Promise<'too large' | 'lost' | undefined> {
    const failure = await fetchObjects(this.#repository, this.#access, { wanted }, this.#signal)
    if (failure?.kind === 'too large') return 'too large'
    if (failure?.kind !== 'ids refused') {
      if (failure === undefined) await this.#missing(wanted)
      return failure && 'lost'
    }
    // The commits came by their ids, being the ends of branches; files have to come with them.
    const { headSha, baseSha } = this.#request
    const whole = await fetchObjects(this.#repository, this.#access, { wanted: [headSha, baseSha], depth: 1, isWhole: true }, this.#signal)
    return whole && (whole.kind === 'too large' ? 'too large' : 'lost')
  }

  /** Those that are not there; the others are remembered. */
  async #missing(ids: readonly string[]): Promise<string[]> {
    const unknown = ids.filter((id) => !this.#known.has(id))
    for (const id of (await presentObjects(this.#repository, unknown, this.#signal)).keys()) this.#known.add(id)
    return unknown.filter((id) => !this.#known.has(id))
  }
}
