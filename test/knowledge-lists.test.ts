/** Mailing lists: messages as people wrote and programs broke them. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ServiceError, UserError } from '../src/errors.ts'
import type { KnowledgeDocument } from '../src/knowledge/document.ts'
import { splitMbox } from '../src/knowledge/reading/mbox.ts'
import type { SourceItem } from '../src/knowledge/source.ts'
import { mailingListSource } from '../src/knowledge/sources/mailing-list.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lists-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const SEPARATOR = 'From someone@example.org Mon Jan  5 10:00:00 2026\n'

/** Headers and body of a message; `null` takes a header away. */
function mail(body: string, headers: Record<string, string | null> = {}): string {
  const all = {
    From: 'Ada Example <ada@example.org>',
    Date: 'Mon, 5 Jan 2026 10:00:00 +0100',
    Subject: 'Locks of a VACUUM',
    'Message-ID': '<one@example.org>',
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]))
  return `${lines.join('\n')}\n\n${body}\n`
}

function mbox(...mails: Array<string | Buffer>): Buffer {
  return Buffer.concat(mails.flatMap((one) => [Buffer.from(SEPARATOR), Buffer.isBuffer(one) ? one : Buffer.from(one), Buffer.from('\n')]))
}

interface Options {
  known?: ReadonlyMap<string, string>
  trustedAuthors?: string[]
}

async function read({ known = new Map(), trustedAuthors = [] }: Options = {}): Promise<SourceItem[]> {
  const source = mailingListSource({ type: 'mailing-list', name: 'hackers', list: 'pgsql-hackers', path: folder, trustedAuthors })
  const items: SourceItem[] = []
  for await (const item of source.read(known, { signal: new AbortController().signal, progress() {} })) items.push(item)
  return items
}

async function documents(options: Options = {}): Promise<KnowledgeDocument[]> {
  const items = await read(options)
  expect(items.filter((item) => item.kind !== 'document')).toEqual([])
  return items.flatMap((item) => (item.kind === 'document' ? [item.document] : []))
}

async function only(...mails: Array<string | Buffer>): Promise<KnowledgeDocument> {
  writeFileSync(join(folder, 'pgsql-hackers.202601'), mbox(...mails))
  const [document, ...rest] = await documents()
  expect(rest).toEqual([])
  return document as KnowledgeDocument
}

function textOf(document: KnowledgeDocument): string {
  return document.blocks.map((block) => block.text).join('\n\n')
}

test('a message is cited by its id, with its author by name', async () => {
  const document = await only(mail('VACUUM takes a ShareUpdateExclusiveLock.\n\nIt waits.', { 'Message-ID': '<a+b/c%d@mail.example.org>' }))
  expect(document).toMatchObject({
    key: 'a+b/c%d@mail.example.org',
    title: 'Locks of a VACUUM',
    url: 'https://www.postgresql.org/message-id/a%2Bb%2Fc%25d%40mail.example.org',
    author: 'Ada Example',
    date: '2026-01-05T09:00:00.000Z',
    trust: 'unknown',
    blocks: [
      {
        breadcrumb: ['Locks of a VACUUM'],
        kind: 'message',
        anchor: null,
        term: null,
        text: 'VACUUM takes a ShareUpdateExclusiveLock.\n\nIt waits.',
      },
    ],
    problems: [],
  })
  expect(JSON.stringify(document).replaceAll(document.key, '')).not.toContain('ada@example.org')
})

describe('separators', () => {
  const second = mail('Second.', { 'Message-ID': '<two@example.org>' })

  test.each([
    ['a sentence', 'I read it.\n\nFrom what I see it works.\n'],
    ['a sentence with a date', 'I read it.\n\nFrom here Mon Jan we go on\nand on.\n\nEnd.'],
    ['a line that looks like one inside a paragraph', 'See\nFrom a@example.org Mon Jan  5 10:00:00 2026\nSubject: x\n\nEnd.'],
    ['one with no headers behind it', 'See\n\nFrom a@example.org Mon Jan  5 10:00:00 2026\n\nEnd.'],
    [
      'a patch of git',
      `See\n\nFrom ${'1a'.repeat(20)} Mon Sep 17 00:00:00 2001\nFrom: Bob <bob@example.org>\nDate: Sun, 1 Sep 2024 02:27:50 -0400\nSubject: [PATCH v2] x\n\nText.`,
    ],
    ['one with prose behind it', 'See\n\nFrom a@example.org Mon Jan  5 10:00:00 2026\nNote: this\nis only text.\n\nEnd.'],
  ])('%s parts no messages', async (_, body) => {
    writeFileSync(join(folder, 'a'), mbox(mail(body), second))
    const [first, other, ...rest] = await documents()
    expect(rest).toEqual([])
    expect(textOf(first as KnowledgeDocument).split('\n')).toEqual(body.trimEnd().split('\n'))
    expect(textOf(other as KnowledgeDocument)).toBe('Second.')
  })

  test('escaped lines are as they were written, quotes stay quotes', async () => {
    const document = await only(mail('Well.\n>From the start it was slow.\n\n> He said\n>From the start\n> it was.'))
    expect(textOf(document)).toBe('Well.\nFrom the start it was slow.\n\n[3 quoted lines]')
  })

  test('lines may end as on Windows, and a mark of byte order may be in front', async () => {
    const whole = mbox(mail('First.'), second).toString().replaceAll('\n', '\r\n')
    writeFileSync(join(folder, 'a'), `\ufeff${whole}`)
    expect((await documents()).map(textOf)).toEqual(['First.', 'Second.'])
  })

  test('messages are the same however the file comes in pieces', async () => {
    const bodies = ['From us.\n\nFrom you.', 'x\n\nFrom a Mon Jan  5 10:00:00 2026\nno header', '', '\n\nFrom', 'last']
    const whole = mbox(...bodies.map((body, at) => mail(body, { 'Message-ID': `<${at}@x>` })))
    const expected = await split(whole, whole.length)
    expect(expected.map(({ raw }) => raw.toString().includes('Message-ID'))).toEqual([true, true, true, true, true])
    for (const size of [1, 2, 3, 7, 64, 500]) expect(await split(whole, size)).toEqual(expected)
    for (const { offset, separator } of expected) expect(whole.toString('utf8', offset, offset + separator.length)).toBe(separator)
  })

  async function split(whole: Buffer, size: number) {
    async function* chunks() {
      for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
    }
    const messages = []
    for await (const item of splitMbox(chunks())) if (item.kind === 'message') messages.push(item.message)
    return messages
  }

  test('what is no mbox is told', async () => {
    writeFileSync(join(folder, 'a.txt'), 'Subject: a file\n\nFrom nobody.\n')
    writeFileSync(join(folder, 'b'), `tail of a message\n\n${mbox(second)}`)
    writeFileSync(join(folder, 'empty'), '')
    const items = await read()
    expect(items.map((item) => item.kind)).toEqual(['failed', 'failed', 'document'])
    expect(items[0]).toMatchObject({ key: 'a.txt', reason: 'its first 30 bytes are no message of an mbox; they were left out' })
    expect(items[1]).toMatchObject({ key: 'b' })
  })

  test('when a file cannot be read the others are, and it ends in a failure, so that no message is taken for gone', async () => {
    writeFileSync(join(folder, 'a'), mbox(mail('x')))
    mkdirSync(join(folder, 'b'))
    writeFileSync(join(folder, 'b', 'c'), mbox(second))
    const keys: string[] = []
    const source = mailingListSource({ type: 'mailing-list', name: 'hackers', list: 'pgsql-hackers', path: folder, trustedAuthors: [] })
    const reading = (async () => {
      for await (const item of source.read(new Map(), {
        signal: new AbortController().signal,
        // The file goes away between the list of files and the reading.
        progress: () => rmSync(join(folder, 'b'), { recursive: true, force: true }),
      }))
        keys.push(item.kind === 'document' ? item.document.key : item.kind)
    })()
    await expect(reading).rejects.toThrow(ServiceError)
    expect(keys).toEqual(['one@example.org', 'failed'])
  })

  test('no folder is a mistake of the reader', async () => {
    rmSync(folder, { recursive: true })
    await expect(read()).rejects.toThrow(UserError)
    mkdirSync(folder)
  })
})

describe('threads', () => {
  test('are told by References, then In-Reply-To, whatever the subject', async () => {
    writeFileSync(
      join(folder, 'a'),
      mbox(
        mail('Q', { Subject: 'Re: [HACKERS] Deadlock in CREATE INDEX', 'Message-ID': '<root@x>' }),
        mail('A', { Subject: 'Something else', 'Message-ID': '<2@x>', 'In-Reply-To': '<root@x>' }),
        mail('B', { Subject: 'Re: Something else', 'Message-ID': '<3@x>', References: '<missing@x>\n <2@x>' }),
        mail('C', { Subject: 'AW: Late answer', 'Message-ID': '<4@x>', References: '<gone@x> <gone2@x>' }),
        mail('D', { Subject: 'Re: Other', 'Message-ID': '<5@x>', References: '<gone@x>' }),
        mail('E', { Subject: '', 'Message-ID': '<6@x>' }),
      ),
    )
    expect((await documents()).map(({ blocks, title }) => [title, blocks[0]?.breadcrumb])).toEqual([
      ['Re: [HACKERS] Deadlock in CREATE INDEX', ['Deadlock in CREATE INDEX']],
      ['Something else', ['Deadlock in CREATE INDEX']],
      ['Re: Something else', ['Deadlock in CREATE INDEX']],
      ['AW: Late answer', ['Late answer']],
      ['Re: Other', ['Late answer']],
      ['No subject', ['No subject']],
    ])
  })
})

describe('what was written', () => {
  test.each([
    [
      'quotes become a note, with the line that names whom',
      'Hello,\n\nOn Mon, Jan 5, 2026 at 9:00 AM Bob <bob@example.org>\nwrote:\n> one\n>\n> > two\n\nI agree.\n\n> three\nNo.',
      'Hello,\n\n[3 quoted lines]\n\nI agree.\n\n[1 quoted line]\n\nNo.',
    ],
    ['old programs name whom otherwise', 'Bob Example <bob@example.org> writes:\n> one\nYes.', '[1 quoted line]\n\nYes.'],
    [
      'a sentence before a quote stays',
      'I do not think so. As you wrote in your long mail:\n> one\nYes.',
      'I do not think so. As you wrote in your long mail:\n\n[1 quoted line]\n\nYes.',
    ],
    ['an answer on top folds all below', 'Done.\n\n-----Original Message-----\nFrom: Bob\n\nPlease do.\nNow.', 'Done.\n\n[4 quoted lines]'],
    [
      'signatures go, answers below stay',
      'Done.\n\n-- \nAda Example\nhttps://example.org\n\n> Why?\nBecause.',
      'Done.\n\n[1 quoted line]\n\nBecause.',
    ],
    [
      'comments of SQL stay',
      'Run\n\n--\n-- all of it\n--\nselect 1;\nselect 2;\nselect 3;\nselect 4;\nselect 5;\n',
      'Run\n\n--\n-- all of it\n--\nselect 1;\nselect 2;\nselect 3;\nselect 4;\nselect 5;',
    ],
    [
      "the list's footer goes",
      'Done.\n\n\n-- \nSent via pgsql-hackers mailing list (pgsql-hackers@postgresql.org)\nTo make changes:\nhttp://www.postgresql.org/mailpref',
      'Done.',
    ],
    ["the old list's footer goes", 'Done.\n\n---------------------------(end of broadcast)---------------------------\nTIP 9: do', 'Done.'],
    [
      'prompts of psql are no quotes',
      'postgres=> select 1;\n ?column?\n----------\n        1',
      'postgres=> select 1;\n ?column?\n----------\n        1',
    ],
    ['bytes of zero go', 'a\0b', 'ab'],
  ])('%s', async (_, body, expected) => {
    expect(textOf(await only(mail(body)))).toBe(expected)
  })

  const PATCH = [
    'diff --git a/x.c b/x.c',
    'index 0123456..789abcd 100644',
    '--- a/x.c',
    '+++ b/x.c',
    '@@ -1,3 +1,3 @@',
    ' int x;',
    '--- old',
    '+++ new',
    ' int y;',
  ]

  test('a patch is code, and what is behind it is text', async () => {
    const { blocks } = await only(mail(`See:\n\n${PATCH.join('\n')}\n\nTested.`))
    expect(blocks.map(({ kind, text }) => [kind, text])).toEqual([
      ['message', 'See:'],
      ['code', PATCH.join('\n')],
      ['message', 'Tested.'],
    ])
  })

  test('a context diff is code too', async () => {
    const diff = [
      '*** a/x.c\t2001-01-01',
      '--- b/x.c\t2001-01-02',
      '***************',
      '*** 1,2 ****',
      '! int x;',
      '  int y;',
      '--- 1,2 ----',
      '! long x;',
      '  int y;',
    ]
    const { blocks } = await only(mail(`See\n\n${diff.join('\n')}\nDone.`))
    expect(blocks.map(({ kind, text }) => [kind, text])).toEqual([
      ['message', 'See'],
      ['code', diff.join('\n')],
      ['message', 'Done.'],
    ])
  })

  test('long patches are cut and say so', async () => {
    const hunk = Array.from({ length: 500 }, (_, at) => `+line ${at}`)
    const { blocks } = await only(mail(['--- a/x', '+++ b/x', '@@ -0,0 +1,500 @@', ...hunk].join('\n')))
    expect(blocks).toHaveLength(1)
    expect(blocks[0]?.text.split('\n')).toHaveLength(81)
    expect(blocks[0]?.text).toMatch(/\n\[423 more lines of the patch\]$/)
  })
})

describe('MIME', () => {
  const multipart = (...parts: string[]) =>
    mail(`Preamble\n${parts.map((part) => `--bb\n${part}\n`).join('')}--bb--\n`, { 'Content-Type': 'multipart/mixed; boundary="bb"' })

  test('attachments are named, patches among them shown, nothing else read', async () => {
    const document = await only(
      multipart(
        'Content-Type: text/plain\n\nSee attached.',
        'Content-Type: text/x-patch; name="v1.patch"\nContent-Disposition: attachment; filename="v1.patch"\nContent-Transfer-Encoding: base64\n\n' +
          Buffer.from('Subject: fix\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n').toString('base64'),
        "Content-Type: application/pdf\nContent-Disposition: attachment;\n filename*=UTF-8''pl%C3%A4ne.pdf\nContent-Transfer-Encoding: base64\n\nAAAA",
      ),
    )
    expect(document.blocks.map(({ kind, text }) => [kind, text])).toEqual([
      ['message', 'See attached.\n\n[attached: v1.patch, text/x-patch, 48 bytes]\n[attached: pläne.pdf, application/pdf, 3 bytes]'],
      ['code', 'Subject: fix\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b'],
    ])
    expect(document.problems).toEqual([])
  })

  test('of alternatives the plain one is read; HTML alone is text', async () => {
    const plain = 'Content-Type: text/plain\n\nPlain.'
    const html =
      'Content-Type: text/html; charset=utf-8\n\n<html><body><p>Rich &amp; <b>bold</b>.</p><blockquote><p>old</p></blockquote><script>x()</script></body></html>'
    expect(textOf(await only(multipart(plain, html)))).not.toContain('[quoted')
    expect(textOf(await only(multipart(html)))).toBe('Rich & bold.\n\n[quoted text]')
  })

  test.each([
    [
      'quoted-printable in latin-9',
      'text/plain; charset=ISO-8859-15',
      'quoted-printable',
      Buffer.from('Preis =A4 f=FCr =\nalle'),
      'Preis € für alle',
    ],
    ['base64 in UTF-8', 'text/plain; charset=utf-8', 'base64', Buffer.from(Buffer.from('für alle').toString('base64')), 'für alle'],
    ['koi8-r', 'text/plain; charset=koi8-r', '8bit', Buffer.from([0xf0, 0xd2, 0xc9]), 'При'],
    ['iso-2022-jp', 'text/plain; charset=iso-2022-jp', '7bit', Buffer.from('\x1b$B%F%9%H\x1b(B'), 'テスト'],
    ['big5', 'text/plain; charset="Big5"', '8bit', Buffer.from([0xb4, 0xfa, 0xb8, 0xd5]), '測試'],
    ['a charset nobody knows', 'text/plain; charset=x-unknown-9', '8bit', Buffer.from('plain'), 'plain'],
  ])('%s', async (_, type, encoding, bytes, expected) => {
    const head = mail('', { 'Content-Type': type, 'Content-Transfer-Encoding': encoding })
    const document = await only(Buffer.concat([Buffer.from(head), bytes, Buffer.from('\n')]))
    expect(textOf(document)).toBe(expected)
  })

  test.each([
    ['says UTF-8', { 'Content-Type': 'text/plain; charset="UTF-8"' }],
    ['says nothing', { 'Content-Type': 'text/plain' }],
    ['has no header for it', {}],
  ])('text in latin-1 that %s is read and told', async (_, headers) => {
    const document = await only(Buffer.concat([Buffer.from(mail('', headers)), Buffer.from('f\xfcr alle\n', 'latin1')]))
    expect(textOf(document)).toBe('für alle')
    expect(document.problems).toEqual(['its charset is not what it says; it was read as windows-1252'])
  })

  test.each([
    ['cut off in the middle of a character', Buffer.from('für alle ü').subarray(0, -1), 'für alle \ufffd'],
    ['with the sign for none', Buffer.from('it shows \ufffd here'), 'it shows \ufffd here'],
  ])('text in UTF-8 %s stays UTF-8', async (_, bytes, expected) => {
    const document = await only(
      Buffer.concat([Buffer.from(mail('', { 'Content-Type': 'text/plain; charset=utf-8' })), bytes, Buffer.from('\n')]),
    )
    expect(textOf(document)).toBe(expected)
  })

  test('format=flowed joins lines of one depth, and no answer to its quote', async () => {
    const body = 'A paragraph that \ngoes on.\n> quoted and \n> going on \nThe answer \nto it.\n-- \nAda'
    const document = await only(mail(body, { 'Content-Type': 'text/plain; charset=utf-8; format=flowed' }))
    expect(textOf(document)).toBe('A paragraph that goes on.\n\n[1 quoted line]\n\nThe answer to it.')
  })

  test('headers have words in all charsets, and raw ones too', async () => {
    const document = await only(
      Buffer.from(
        mail('x', { From: '"Müller, Jörg" <j@example.org>', Subject: '=?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?iso-8859-1?B?/A==?=' }),
        'latin1',
      ),
    )
    expect(document).toMatchObject({ author: 'Müller, Jörg', title: 'Grüßeü' })
  })

  test('a message that ends before its last part does is read as far as it goes', async () => {
    const whole = multipart('Content-Type: text/plain\n\nText.')
    const document = await only(whole.slice(0, whole.indexOf('--bb--')))
    expect(textOf(document)).toBe('Text.')
    expect(document.problems).toEqual(['it ends before its last part does'])
  })

  test('a message whose boundary is nowhere is read as it is', async () => {
    const document = await only(mail('Still worth reading.', { 'Content-Type': 'multipart/mixed; boundary="nowhere"' }))
    expect(textOf(document)).toBe('Still worth reading.')
    expect(document.problems).toEqual(['it ends before its last part does'])
  })

  test('parts in parts without end are refused', async () => {
    let body = 'x'
    for (let depth = 0; depth < 100; depth++) body = `Content-Type: multipart/mixed; boundary=b${depth}\n\n--b${depth}\n${body}`
    const document = await only(`${mail('').trimEnd()}\n${body}\n`)
    expect(document.blocks).toEqual([])
    expect(document.problems.join()).toContain('nesting')
  })
})

test('parts without number are refused', async () => {
  const document = await only(mail('--b\n\n'.repeat(1_000_000), { 'Content-Type': 'multipart/mixed; boundary*0="b"' }))
  expect(document.problems).toContain('it has more than 1000 parts; none was read')
})

describe('lies', () => {
  const received = { Received: 'from x by y; Tue, 6 Jan 2026 11:00:00 +0000' }
  test.each([
    ['in the future', { Date: 'Mon, 5 Jan 2099 10:00:00 +0000', ...received }, '2026-01-06T11:00:00.000Z'],
    ['before there was mail', { Date: 'Thu, 1 Jan 1970 00:00:00 +0000', ...received }, '2026-01-06T11:00:00.000Z'],
    ['missing', { Date: null }, '2026-01-05T10:00:00.000Z'],
    ['no date', { Date: 'yesterday' }, '2026-01-05T10:00:00.000Z'],
  ])('a date %s is not believed', async (_, headers, expected) => {
    const document = await only(mail('x', headers))
    expect(document.date).toBe(expected)
    expect(document.problems).toHaveLength(1)
  })

  test('dates are normalised', async () => {
    expect((await only(mail('x', { Date: 'Fri, 5 Feb 99 10:00:00 EST (Eastern)' }))).date).toBe('1999-02-05T15:00:00.000Z')
  })

  test.each([
    ['Trusted <tom@example.org>', 'high'],
    ['Trusted <TOM@Example.org>', 'high'],
    ['"tom@example.org" <evil@example.com>', 'unknown'],
    ['=?utf-8?Q?tom=40example.org?= <evil@example.com>', 'unknown'],
    ['tom@example.org, evil@example.com', 'unknown'],
    ['evil@example.com\nFrom: tom@example.org', 'unknown'],
    ['tom@example.org.evil.com', 'unknown'],
  ])('trust follows the one address: %s', async (from, trust) => {
    writeFileSync(join(folder, 'a'), mbox(mail('x', { From: from })))
    const [document] = await documents({ trustedAuthors: ['tom@example.org'] })
    expect(document?.trust).toBe(trust)
    expect(document?.author ?? '').not.toContain('@')
  })

  test('a message without id has a key of its own and leads to its month', async () => {
    writeFileSync(
      join(folder, 'a'),
      mbox(mail('x', { 'Message-ID': null }), mail('y', { 'Message-ID': '<a b>' }), mail('z', { 'Message-ID': '..' })),
    )
    const found = await documents()
    expect(new Set(found.map(({ key }) => key)).size).toBe(3)
    expect(found.map(({ url }) => url)).toEqual(Array(3).fill('https://www.postgresql.org/list/pgsql-hackers/2026-01/'))
    expect(found[0]?.problems).toEqual(['it has no message-id; the link leads to its month'])
  })

  test('a message that is there twice counts once; another with its id is told', async () => {
    writeFileSync(join(folder, 'a'), mbox(mail('x')))
    writeFileSync(join(folder, 'b'), mbox(mail('x\nfooter of the second list'), mail('other', { Subject: 'Not the same' })))
    const items = await read()
    expect(items.map((item) => item.kind)).toEqual(['document', 'failed'])
    expect(items[1]).toMatchObject({
      key: expect.stringMatching(/^b@\d+$/),
      reason: 'another message has its id one@example.org; it was left out',
    })
  })
})

describe('files that grow', () => {
  test('only what is new is read; a last message that was cut off is read again', async () => {
    const file = join(folder, 'a')
    const whole = mbox(mail('First.'), mail('Second, which is long.', { 'Message-ID': '<two@x>' }))
    writeFileSync(file, whole.subarray(0, whole.length - 10))
    const before = await documents()
    const known = new Map(before.map(({ key, revision }) => [key, revision]))
    expect((await read({ known })).map((item) => item.kind)).toEqual(['unchanged', 'unchanged'])
    appendFileSync(file, whole.subarray(whole.length - 10))
    appendFileSync(file, mbox(mail('Third.', { 'Message-ID': '<three@x>' })))
    const items = await read({ known })
    expect(items.map((item) => (item.kind === 'document' ? textOf(item.document) : item.kind))).toEqual([
      'unchanged',
      'Second, which is long.',
      'Third.',
    ])
  })

  test('a message whose headers are still being written is told, not mixed into the one before', async () => {
    const file = join(folder, 'a')
    writeFileSync(file, Buffer.concat([mbox(mail('First.')), Buffer.from(`${SEPARATOR}Mess`)]))
    const items = await read()
    expect(items.map((item) => (item.kind === 'document' ? textOf(item.document) : item.kind))).toEqual(['First.', 'failed'])
  })

  test('who is trusted from now on is read again', async () => {
    writeFileSync(join(folder, 'a'), mbox(mail('x')))
    const known = new Map((await documents()).map(({ key, revision }) => [key, revision]))
    expect((await read({ known, trustedAuthors: ['ada@example.org'] })).map((item) => item.kind)).toEqual(['document'])
  })
})

describe('size', () => {
  test('lines of ten megabytes and messages over the limit are bounded and told', async () => {
    const line = 'a'.repeat(10 * 1024 * 1024)
    writeFileSync(
      join(folder, 'a'),
      mbox(
        mail(line),
        mail(`${'>'.repeat(100_000)}\n${' '.repeat(100_000)}x`, { 'Message-ID': '<2@x>' }),
        mail('Last.', { 'Message-ID': '<3@x>' }),
      ),
    )
    const [first, second, last] = await documents()
    expect(first?.problems).toEqual([
      'it is 10 MB long; its end was left out',
      'its text is longer than 200000 characters; the rest was left out',
    ])
    expect(second?.blocks.length).toBe(1)
    expect(textOf(last as KnowledgeDocument)).toBe('Last.')
  })

  test('a sync that is cut off stops', async () => {
    writeFileSync(join(folder, 'a'), mbox(mail('x'), mail('y', { 'Message-ID': '<2@x>' })))
    const stop = new AbortController()
    const source = mailingListSource({ type: 'mailing-list', name: 'hackers', list: 'pgsql-hackers', path: folder, trustedAuthors: [] })
    const reading = (async () => {
      for await (const _ of source.read(new Map(), { signal: stop.signal, progress() {} })) stop.abort()
    })()
    await expect(reading).rejects.toThrow(/abort/i)
  })
})
