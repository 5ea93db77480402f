import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Annotation, MergeRequest, Status } from '../forge.ts'
import type { Client } from './client.ts'
import type { Identity } from './credentials.ts'

export const CHECK_NAME = 'pgwitness'

/** GitHub's limits: annotations in one request, characters of a title, of a summary, bytes of a message. */
const MAX_ANNOTATIONS = 50
const MAX_TITLE_LENGTH = 255
const MAX_SUMMARY_LENGTH = 65_000
const MAX_MESSAGE_BYTES = 64 * 1024

const RUN = z.object({
  id: z.number(),
  name: z.string(),
  head_sha: z.string(),
  external_id: z.string().nullish(),
  status: z.string(),
  conclusion: z.string().nullish(),
  app: z.object({ id: z.number(), slug: z.string().nullish() }).nullish(),
  output: z.object({ title: z.string().nullish(), summary: z.string().nullish(), annotations_count: z.number() }),
})
type Run = z.infer<typeof RUN>

type Wanted = Record<string, unknown>

/**
 * The check run of this pull request at its head. What is annotated can be added to, never taken back: `external_id` has a digest of the annotations that a
 * run is for, so that a cut-off call is gone on with where it stopped, and others begin a new run, which is shown instead. It has the number too: two
 * pull requests may have one head, and a job of a workflow that happens to be called pgwitness has a run of that name.
 */
export async function ensureCheckRun(client: Client, me: Identity, request: MergeRequest, status: Status): Promise<void> {
  const annotations = status.annotations.map(annotationOf)
  const state = stateOf(status)
  const run = await findRun(client, me, request)
  const isFinal = state.status === 'completed'
  const externalId = `${prefixOf(request.number)}${digestOf(annotations)}`
  const fits = run && (run.external_id === externalId || run.output.annotations_count === 0 || (!isFinal && annotations.length === 0))
  const output = { title: clip(oneLine(status.title), MAX_TITLE_LENGTH), summary: clip(status.summary, MAX_SUMMARY_LENGTH) }
  let done = fits ? run.output.annotations_count : 0
  if (fits && annotations.length <= done && isAs(run, state, output)) return
  // It is completed by the last of its requests: a run that says so has all its annotations.
  let id = fits ? run.id : undefined
  const external = fits && annotations.length === 0 && done > 0 ? {} : { external_id: externalId }
  do {
    const batch = annotations.slice(done, done + MAX_ANNOTATIONS)
    done += batch.length
    const isLast = done >= annotations.length
    const sent = {
      ...(isLast ? state : { status: 'in_progress' }),
      ...external,
      output: { ...output, ...(batch.length > 0 && { annotations: batch }) },
    }
    id = await write(client, id, request.headSha, sent)
  } while (done < annotations.length)
}

async function write(client: Client, id: number | undefined, headSha: string, wanted: Wanted): Promise<number> {
  const needs = 'Checks: write, which only GitHub Apps and the tokens of workflows can have'
  const written = z.object({ id: z.number() })
  if (id === undefined) {
    const asked = { route: 'POST /repos/{owner}/{repo}/check-runs', needs }
    return (await client.write(asked, written, { name: CHECK_NAME, head_sha: headSha, ...wanted })).id
  }
  const asked = { route: 'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', needs }
  return (await client.write(asked, written, { check_run_id: id, ...wanted })).id
}

/** The newest, as that is the one shown. */
async function findRun(client: Client, me: Identity, request: MergeRequest): Promise<Run | undefined> {
  const asked = { route: 'GET /repos/{owner}/{repo}/commits/{ref}/check-runs', needs: 'Checks: read' }
  const found: Run[] = []
  let page = 1
  for (let isLast = false; !isLast; page += 1) {
    const schema = z.object({ check_runs: z.array(RUN) })
    const { check_runs } = await client.read(asked, schema, {
      ref: request.headSha,
      check_name: CHECK_NAME,
      filter: 'all',
      per_page: 100,
      page,
    })
    found.push(...check_runs)
    isLast = check_runs.length < 100 || page === 10
  }
  return found
    .filter((run) => run.name === CHECK_NAME && isOurs(run, me) && run.external_id?.startsWith(prefixOf(request.number)))
    .sort((a, b) => b.id - a.id)[0]
}

function isOurs({ app }: Run, me: Identity): boolean {
  if (!app || !me.app) return false
  return 'id' in me.app ? app.id === me.app.id : app.slug === me.app.slug
}

function prefixOf(number: number): string {
  return `pgwitness:${number}:`
}

/** The pull request a check run of ours is for. */
export function numberOfRun(externalId: string | null | undefined): number | undefined {
  const number = /^pgwitness:(\d{1,15}):/.exec(externalId ?? '')?.[1]
  return number === undefined ? undefined : Number(number)
}

function isAs(run: Run, state: Wanted, output: { title: string; summary: string }): boolean {
  const isSameState = run.status === state.status && (run.conclusion ?? undefined) === state.conclusion
  return isSameState && run.output.title === output.title && run.output.summary === output.summary
}

function stateOf({ state }: Status): Wanted & { status: string } {
  if (state === 'queued') return { status: 'queued' }
  if (state === 'running') return { status: 'in_progress' }
  return { status: 'completed', conclusion: state }
}

function annotationOf({ path, line, endLine, level, title, message }: Annotation): Wanted {
  return {
    path,
    start_line: Math.max(1, line),
    end_line: Math.max(1, line, endLine),
    annotation_level: level,
    title: clip(oneLine(title), MAX_TITLE_LENGTH),
    message: clipBytes(message || title || path, MAX_MESSAGE_BYTES),
  }
}

function digestOf(annotations: readonly Wanted[]): string {
  return createHash('sha256').update(JSON.stringify(annotations)).digest('hex').slice(0, 16)
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** Never within a character. */
function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

function clipBytes(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  const end = '…'
  const cut = Buffer.from(text).subarray(0, bytes - Buffer.byteLength(end))
  return `${new TextDecoder().decode(cut, { stream: true })}${end}`
}
