/** A file of mails as an archive has them: threads, quoted text, patches, attachments that are no text, and a few giants. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { MailWriter } from './mail-writer.ts'

/** Texts that mails are put together from: to write each anew would take minutes. */
const KEPT = { paragraphs: 5_000, patches: 200 }
const THREAD = 6

export async function writeMbox(path: string, bytes: number, writer: MailWriter): Promise<number> {
  const paragraphs = Array.from({ length: KEPT.paragraphs }, () => folded(writer.paragraph(20 + writer.number(60))))
  const patches = Array.from({ length: KEPT.patches }, () => patch(writer))
  const out = createWriteStream(path)
  let written = 0
  let mails = 0
  while (written < bytes) {
    const mail = Buffer.from(mailOf(mails, writer, paragraphs, patches))
    written += mail.length
    mails++
    if (!out.write(mail)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
  return mails
}

function mailOf(index: number, writer: MailWriter, paragraphs: readonly string[], patches: readonly string[]): string {
  const one = <T>(all: readonly T[]): T => all[writer.number(all.length)] as T
  const place = index % THREAD
  const first = index - place
  const before =
    place === 0 ? '' : `In-Reply-To: <${index - 1}@mail.example>\nReferences: <${first}@mail.example> <${index - 1}@mail.example>\n`
  const subject = `${place === 0 ? '' : 'Re: '}Question ${first} about ${one(paragraphs).slice(0, 40).split('\n')[0]}`
  const quoted = place === 0 ? '' : `On Monday somebody wrote:\n${`${one(paragraphs)}\n\n${one(paragraphs)}`.replaceAll(/^/gm, '> ')}\n\n`
  const text = `${quoted}${one(paragraphs)}\n\nSee message ${index}.\n\n${one(paragraphs)}\n`
  const boundary = `part-${index}`
  const attached = index % 40 === 7
  const head = `From ada@mail.example Mon May  6 10:00:00 2024
From: Ada ${writer.number(900)} <ada${writer.number(900)}@mail.example>
To: list@lists.example
Subject: ${subject}
Date: Mon, 6 May 2024 10:${String(index % 60).padStart(2, '0')}:00 +0000
Message-ID: <${index}@mail.example>
${before}MIME-Version: 1.0
${Array.from({ length: 12 }, (_, hop) => `Received: from relay${hop}.example by relay${hop + 1}.example with ESMTPS id ${index}-${hop}`).join('\n')}
`
  if (!attached) return `${head}Content-Type: text/plain; charset=utf-8\n\n${text}${index % 10 === 3 ? one(patches) : ''}\n`
  // One in two thousand has some megabytes.
  const size = index % 2_000 === 7 ? 4_000_000 : 60_000
  const base64 = `${'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3\n'.repeat(size / 80)}`
  return `${head}Content-Type: multipart/mixed; boundary="${boundary}"

--${boundary}
Content-Type: text/plain; charset=utf-8

${text}
--${boundary}
Content-Type: application/octet-stream; name="trace.gz"
Content-Transfer-Encoding: base64

${base64}
--${boundary}--

`
}

function folded(text: string): string {
  return text.replaceAll(/(.{50,70}) /g, '$1\n')
}

function patch(writer: MailWriter): string {
  const lines = Array.from({ length: 40 }, () => `${'+- '[writer.number(3)]}    ${writer.paragraph(6)}`)
  return `\ndiff --git a/src/backend/a.c b/src/backend/a.c\n--- a/src/backend/a.c\n+++ b/src/backend/a.c\n@@ -1,20 +1,20 @@\n${lines.join('\n')}\n`
}
