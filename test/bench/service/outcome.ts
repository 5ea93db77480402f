import type { Change } from './scene.ts'

/** What a person sees under a change after all is done, without what differs from run to run: ids, commits, times. */
export function finalState({ stub, ref, headSha }: Change): string {
  const { comments, threads, statuses, reactions } = stub.state(ref)
  return JSON.stringify(
    {
      comments: comments.map(({ author, body, reactions }) => ({ author, body: withoutNumbers(body), reactions })),
      threads: threads
        .map(({ path, line, resolved, comments }) => ({
          path,
          line,
          resolved,
          comments: comments.map(({ author, body }) => `${author} ${withoutNumbers(body)}`),
        }))
        .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      statuses: statuses
        .filter(({ sha }) => sha === headSha)
        .map(({ name, state, title, annotations }) => ({ name, state, title, annotations })),
      reactions,
    },
    undefined,
    1,
  )
}

function withoutNumbers(text: string): string {
  return text.replace(/\b[0-9a-f]{8,40}\b/g, '#').replace(/\d+(?:\.\d+)?/g, '0')
}

/** What is there too often or too seldom, one line each. */
export function deviations({ stub, ref, headSha }: Change): string[] {
  const { comments, threads, statuses, reactions } = stub.state(ref)
  const own = comments.filter(({ author, body }) => author.startsWith('pgwitness') && body.startsWith('<!-- pgwitness:summary -->'))
  const name = `${ref.forge} ${ref.repository} ${ref.number}`
  const found: string[] = []
  if (own.length > 1 || (own.length === 0 && threads.length > 0)) found.push(`${name}: ${own.length} summaries`)
  const opened = threads
    .filter(({ resolved }) => !resolved)
    .map(({ path, line, comments }) => `${path}:${line} ${comments[0]?.body.split('\n')[0]}`)
  for (const one of new Set(opened)) if (opened.filter((other) => other === one).length > 1) found.push(`${name}: thread twice at ${one}`)
  for (const thread of threads) {
    const bodies = thread.comments.map(({ body }) => body)
    if (new Set(bodies).size < bodies.length) found.push(`${name}: said twice in the thread at ${thread.path}:${thread.line}`)
  }
  if (reactions.filter((one) => one === 'eyes').length > 1) found.push(`${name}: ${reactions.length} reactions`)
  for (const sha of new Set(statuses.map((status) => status.sha))) {
    const ofHead = statuses.filter((status) => status.sha === sha)
    if (ofHead.length > 1) found.push(`${name}: ${ofHead.length} statuses of ${sha === headSha ? 'its head' : 'an older head'}`)
  }
  return found
}

/** Whether the newest head has no review. */
export function isLost({ stub, ref, headSha }: Change): boolean {
  const newest = stub.state(ref).statuses.findLast(({ sha }) => sha === headSha)
  return newest === undefined || !/success|fail/.test(newest.state)
}
