import type { Citation, Finding } from '../review/finding.ts'
import { webAddress } from './address.ts'
import { levelOf } from './level.ts'
import { linkMarkdown, proseMarkdown } from './markdown-escape.ts'
import { printable } from './printable.ts'

/** The rules of the findings, in order of their first, with the manual's pages as help. */
export function sarifRules(findings: readonly Finding[]) {
  const firsts = findings.filter((finding, index) => findings.findIndex((other) => other.rule === finding.rule) === index)
  return firsts.map((finding) => {
    const citations = citationsOf(finding.rule, findings)
    const [helpUri] = citations.flatMap(({ url }) => webAddress(url) ?? [])
    return {
      id: finding.rule,
      shortDescription: { text: printable(finding.title) },
      fullDescription: { text: printable(finding.title) },
      help: { text: printable(helpText(finding.title, citations)), markdown: helpMarkdown(finding.title, citations) },
      ...(helpUri === undefined ? {} : { helpUri }),
      defaultConfiguration: { level: levelOf({ ...finding, verdict: 'confirmed' }) },
      properties: { tags: ['postgresql'] },
    }
  })
}

function citationsOf(rule: string, findings: readonly Finding[]): Citation[] {
  const all = findings.filter((finding) => finding.rule === rule).flatMap((finding) => finding.citations)
  return all.filter((citation, index) => all.findIndex(({ url }) => url === citation.url) === index)
}

function helpText(title: string, citations: readonly Citation[]): string {
  return [`${title}.`, ...citations.map(({ title, url, quote }) => `${title}: ${url}${quote ? `\n"${quote}"` : ''}`)].join('\n\n')
}

function helpMarkdown(title: string, citations: readonly Citation[]): string {
  return [
    proseMarkdown(`${title}.`),
    ...citations.map(({ title, url, quote }) => `${linkMarkdown(title, url)}${quote ? `\n> ${proseMarkdown(quote)}` : ''}`),
  ].join('\n\n')
}
