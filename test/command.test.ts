import { expect, test } from 'vitest'
import { readCommand } from '../src/conversations/command.ts'

const read = (text: string) => readCommand(text, ['pgwitness', 'our-bot'])

test.each<[string, ReturnType<typeof read>]>([
  ['@pgwitness', { kind: 'help' }],
  ['@pgwitness help!', { kind: 'help' }],
  ['/pgwitness help', { kind: 'help' }],
  ['@our-bot, review', { kind: 'review', withData: false, commit: undefined }],
  ['@PGWitness review with data.', { kind: 'review', withData: true, commit: undefined }],
  ['@pgwitness review with data `5F3C2A1B9`', { kind: 'review', withData: true, commit: '5f3c2a1b9' }],
  ['@pgwitness review with data 5f3c', { kind: 'unknown', text: 'review with data 5f3c' }],
  ['thanks\n\n@pgwitness: explain', { kind: 'explain', finding: undefined }],
  ['@pgwitness explain #1a2b3c4d?', { kind: 'explain', finding: '1a2b3c4d' }],
  ['@pgwitness explain 1A2B3C4D', { kind: 'explain', finding: '1a2b3c4d' }],
  ['@pgwitness plan select 1', { kind: 'plan', query: 'select 1' }],
  ['@pgwitness plan `select 1`', { kind: 'plan', query: 'select 1' }],
  ['@pgwitness plan\n```sql\nselect *\nfrom t\n\nwhere a = 1\n```\nthanks', { kind: 'plan', query: 'select *\nfrom t\n\nwhere a = 1' }],
  ['@pgwitness plan select *\nfrom t\n\nwith regards', { kind: 'plan', query: 'select *\nfrom t' }],
  ['@pgwitness plan for this:\r\n```\r\nselect 1\r\n```', { kind: 'plan', query: 'select 1' }],
  [
    '@pgwitness try index on t (a) for select * from t where a = 1',
    { kind: 'try index', definition: 'on t (a)', query: 'select * from t where a = 1' },
  ],
  [
    '@pgwitness try index `create index i on t (a)` for `select 1`',
    { kind: 'try index', definition: 'create index i on t (a)', query: 'select 1' },
  ],
  ['@pgwitness try index\n```\non t (a)\n```\n```\nselect 1\n```', { kind: 'try index', definition: 'on t (a)', query: 'select 1' }],
  ['@pgwitness try index on t (a)', { kind: 'try index', definition: 'on t (a)', query: undefined }],
  ['@pgwitness ignore 1a2b3c4d: it is empty', { kind: 'ignore', finding: '1a2b3c4d', reason: 'it is empty' }],
  ['@pgwitness ignore: it is: empty', { kind: 'ignore', finding: undefined, reason: 'it is: empty' }],
  // The answer asks for the reason.
  ['@pgwitness ignore 1a2b3c4d', { kind: 'ignore', finding: undefined, reason: '' }],
  ['@pgwitness ignore 1a2b3c4d it is empty', { kind: 'ignore', finding: undefined, reason: '' }],
  ['@pgwitness ignore', { kind: 'ignore', finding: undefined, reason: '' }],
  // What looks like a block and is none does not hide what follows.
  ['```select 1``` is fast\n@pgwitness help', { kind: 'help' }],
  ['<!-- from a template -->\n@pgwitness help', { kind: 'help' }],
  ['```\nselect 1\n```\n>>>\nquoted\n>>>\n@pgwitness help', { kind: 'help' }],
  ['>>>\n@pgwitness help', { kind: 'help' }],
  // One command a comment.
  ['@pgwitness review\n@pgwitness help', { kind: 'review', withData: false, commit: undefined }],
  ['@pgwitness plan', { kind: 'unknown', text: 'plan' }],
  ['@pgwitness try harder', { kind: 'unknown', text: 'try harder' }],
  ['@pgwitness review everything', { kind: 'unknown', text: 'review everything' }],
  ['@pgwitness ???', { kind: 'unknown', text: '???' }],
])('%j', (text, command) => expect(read(text)).toEqual(command))

test.each([
  'ask @pgwitness help',
  '@pgwitnesses help',
  '@pgwitness-dev help',
  'me@pgwitness help',
  '> @pgwitness help',
  '```\n@pgwitness help\n```',
  '~~~\n@pgwitness help\n~~~',
  '    @pgwitness help',
  '\t@pgwitness help',
  '````\n```\n@pgwitness help\n```\n````',
  '```sql\nselect 1\n~~~\n@pgwitness help\n```',
  '>>>\nA colleague said:\n@pgwitness help\n>>>\nand was right',
  '<!--\n@pgwitness help\n-->\nhello',
  '/pgwitnesses help',
  '',
])('%j is for nobody here', (text) => expect(read(text)).toBeUndefined())

test('a handle is no pattern', () => expect(readCommand('@x help', ['.'])).toBeUndefined())

test('long texts are read in time', () => {
  for (const text of [
    '@pgwitness plan '.repeat(50_000),
    '```'.repeat(100_000),
    `@pgwitness try index ${' for '.repeat(50_000)}`,
    '`'.repeat(300_000),
    '>>>\n'.repeat(100_000),
    '<!--'.repeat(100_000),
  ])
    read(text)
})
