import { expect, test } from 'vitest'
import { type AnswerSettings, answerComment } from '../src/conversations/answer.ts'
import type { Forge } from '../src/forges/forge.ts'

const REF = { forge: 'gitlab', repository: 'shop/api', repositoryId: 4, number: 7 } as const
const HEAD_SHA = '5f3c2a1b'.repeat(5)
const FINDING = {
  fingerprint: '1a2b3c4d5e6f',
  rule: 'require-concurrent-index',
  severity: 'high',
  verdict: 'confirmed',
  path: 'migrations/1.sql',
  line: 1,
  endLine: 1,
  message: 'It locks.',
  explanation: '',
  evidence: [],
  fix: null,
  citations: [],
}

/** What alice, who may write, is answered. */
async function answer(text: string, state: 'open' | 'closed'): Promise<string> {
  let answered = ''
  const forge = {
    name: 'gitlab',
    fetchComment: async () => ({ author: { id: 5, login: 'alice', isBot: false }, text, key: undefined }),
    ensureReaction: async () => {},
    fetchPermission: async () => 'write',
    fetchMergeRequest: async () => ({ ...REF, state, headSha: HEAD_SHA }),
    ensureReply: async (_ref: unknown, _place: unknown, body: string) => {
      answered = body
      return ''
    },
  } as unknown as Forge
  const settings: AnswerSettings = {
    forgeFor: () => forge,
    store: {
      addTrust: async () => {},
      findReview: async () => ({ headSha: HEAD_SHA, report: { findings: [FINDING] } }),
    } as unknown as AnswerSettings['store'],
    handles: async () => ['pgwitness'],
    askForReview: async () => {},
    ask: async () => 'a plan',
    log: () => {},
  }
  await answerComment(REF, { id: 9, place: 'conversation' }, settings, AbortSignal.timeout(10_000))
  return answered
}

test('a finding is explained also when the change is merged or closed; nothing else is done then', async () => {
  expect(await answer('@pgwitness explain 1a2b3c4d', 'closed')).toContain('require-concurrent-index')
  expect(await answer('@pgwitness plan select 1', 'closed')).toContain('not open any more')
  expect(await answer('@pgwitness ignore 1a2b3c4d: it is empty', 'closed')).toContain('not open any more')
})

test('a review with data is not said to run on a clone that there may not be', async () => {
  const said = await answer('@pgwitness review with data 5f3c2a1b', 'open')
  expect(said).toContain('may run where production')
  expect(said).toContain('holds for this commit alone')
})
