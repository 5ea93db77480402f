/** What a worker does with jobs. */
import { join, resolve } from 'node:path'
import type { Forges } from './assemble-forges.ts'
import { answerQuestion } from './assemble-questions.ts'
import { type NamedText, noteOfConfig, readNamed, reviewChange } from './assemble-review.ts'
import { CONFIG_FILE, type Config, DEFAULTS, readGitEnvironment } from './config.ts'
import type { AnswerSettings } from './conversations/answer.ts'
import { HANDLE, type Handles } from './conversations/handles.ts'
import { UserError } from './errors.ts'
import type { OpenMergeRequest } from './forges/forge.ts'
import { newHandler } from './jobs/run-job.ts'
import type { JobSettings, ReviewHow } from './jobs/settings.ts'
import { isSpent, spending } from './jobs/spending.ts'
import { mayUseData } from './jobs/trust.ts'
import type { Handler, Queue } from './queue/queue.ts'
import type { Quotes } from './review/quotes.ts'
import { configInForce, type ServiceConfig } from './service-config.ts'
import type { Store } from './store/store.ts'

export interface JobParts {
  config: ServiceConfig
  dataDir: string
  forges: Forges
  store: Store
  add: Queue['add']
  handles: Handles
  quotes: Quotes
  log(fields: Record<string, unknown>, message: string): void
}

export function jobHandler(parts: JobParts): Handler {
  const settings = jobSettings(parts)
  return newHandler(settings, answerSettings(parts, settings))
}

function jobSettings({ config, dataDir, forges, store, quotes, log }: JobParts): JobSettings {
  return {
    forgeFor: forges.forgeFor,
    store,
    inlineComments: config.inlineComments,
    budgetSeconds: config.budgetMinutesPerDay * 60,
    mention: `@${HANDLE}`,
    log,
    async open(request, access, forge, signal) {
      const { openMergeRequest } = await import('./forges/git.ts')
      const folder = resolve(join(dataDir, 'repositories'))
      return await openMergeRequest(
        request,
        access,
        {
          folder,
          environment: readGitEnvironment(),
          treeByApi: (sha) => forge.treeByApi(request, sha, signal),
          fetchDiff: async () => await forge.fetchDiff(request, signal),
        },
        signal,
      )
    },
    async review(open, how, signal) {
      const { config: inForce, isCached, statistics, notes } = await inForceFor(open, how, config)
      const schema = await readNamed(inForce, 'schema', open.baseTree)
      const settings = { config: inForce, schema, statistics, isCached, named: false, useBaseline: true, progress() {}, quotes }
      const review = await reviewChange(open, settings, signal)
      const all = [...(await noteOfConfig(open.baseTree, open.headTree)), ...notes, ...review.notes]
      return { review: { ...review, notes: all }, failOn: inForce.failOn }
    },
  }
}

function answerSettings({ config, add, store, log, handles }: JobParts, { forgeFor, open, budgetSeconds }: JobSettings): AnswerSettings {
  return {
    forgeFor,
    store,
    handles: handles.fetch,
    log,
    async askForReview(ref, comment) {
      // Named for the comment, so that an answer that is done twice asks once.
      await add({ kind: 'review', ref, delivery: `comment-${ref.forge}-${comment.place}-${comment.id}`, isAsked: true })
    },
    async ask(request, question, signal) {
      if (await isSpent(request, store, budgetSeconds)) {
        throw new UserError(`the ${config.budgetMinutesPerDay} minutes of clones that there are for one day are spent. Ask again tomorrow.`)
      }
      const forge = forgeFor(request)
      const isTrusted = await mayUseData(forge, request, store, signal)
      await using opened = await open(request, await forge.fetchGitAccess(request, signal), forge, signal)
      const inForce = await inForceFor(opened, { isTrusted, isStatic: false }, config)
      return await spending(request, store, () => answerQuestion(opened, question, inForce, signal))
    },
  }
}

interface InForce {
  config: Config
  isCached: boolean
  statistics: NamedText | undefined
  notes: string[]
}

/** The base's configuration as far as the operator follows it. A UserError when it is not right, or names what is not there. */
async function inForceFor({ baseTree }: OpenMergeRequest, { isTrusted, isStatic }: ReviewHow, service: ServiceConfig): Promise<InForce> {
  const text = await baseTree.read(CONFIG_FILE)
  const { parseConfig, loadYaml } = await import('./config-file.ts')
  const repository = text === undefined ? DEFAULTS : parseConfig(text)
  const isCloneChosen = text !== undefined && (loadYaml(text, CONFIG_FILE) as { clone?: unknown } | undefined)?.clone !== undefined
  const { config, notes } = configInForce(repository, service, { isTrusted, isCloneChosen })
  if (isStatic) {
    notes.push('The budget of clones for today is spent (budgetMinutesPerDay), so nothing was run.')
    return { config: { ...config, clone: 'none' }, isCached: false, statistics: undefined, notes }
  }
  const statistics = config.clone === 'none' ? undefined : await readNamed(config, 'stats', baseTree)
  const { withoutValues } = await import('./statistics/without-values.ts')
  const told = statistics && !isTrusted ? { ...statistics, text: withoutValues(statistics.text, statistics.path) } : statistics
  return { config, isCached: true, statistics: told, notes }
}
