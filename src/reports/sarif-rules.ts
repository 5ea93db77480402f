import type { Citation, Finding } from '../review/finding.ts'
import { levelOf } from './level.ts'

/** The rules of the findings, in order of their first, with the manual's pages as help. */
export function sarifRules(findings: readonly Finding[]) {
  const firsts = findings.filter((finding, index) => findings.findIndex((other) => other.rule === finding.rule) === index)
  return firsts.map((finding) => {
    const citations = citationsOf(finding.rule, findings)
    const [helpUri] = citations.map(({ url }) => url).filter((url) => URL.canParse(url))
    return {
      id: finding.rule,
      shortDescription: { text: finding.title },
      fullDescription: { text: finding.title },
      help: { text: helpText(finding.title, citations), markdown: helpMarkdown(finding.title, citations) },
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

/** Titles, addresses and quotes are those of rule files, which the change cannot write. */
function helpMarkdown(title: string, citations: readonly Citation[]): string {
  return [`${title}.`, ...citations.map(({ title, url, quote }) => `[${title}](<${url}>)${quote ? `\n> ${quote}` : ''}`)].join('\n\n')
}
