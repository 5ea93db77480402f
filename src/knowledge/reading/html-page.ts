/** A whole page of HTML: its title, its main part and what its head says. */
import type { Block } from '../document.ts'
import { cleanLine } from './clean.ts'
import { decode } from './decode.ts'
import { readBody } from './html.ts'
import { headingNodes, isUnseen, proseOf } from './html-text.ts'
import { attribute, descendants, type Element, find, type Parent, parseHtml } from './html-tree.ts'

export interface HtmlPage {
  title: string | null
  blocks: Block[]
  /** ISO 8601, as its head says. */
  date: string | null
  problems: string[]
}

/** Throws NotText and TooComplex. */
export function readHtmlPage(bytes: Uint8Array, { charset }: { charset?: string | undefined } = {}): HtmlPage {
  const { text, problems } = decode(bytes, { declared: charset, html: true })
  return { ...readHtml(text), problems }
}

/** Of HTML that is text already. Throws TooComplex. */
export function readHtml(html: string): Omit<HtmlPage, 'problems'> {
  const tree = parseHtml(html)
  const root = mainOf(tree)
  const title = titleOf(tree, root)
  const { blocks } = readBody(root, { title: title ?? '' })
  return { title, blocks, date: dateOf(tree) }
}

/** The part that is about something: `main` or a lone `article`; else everything. */
function mainOf(tree: Parent): Parent {
  const all = [...descendants(tree)]
  const only = (wanted: (element: Element) => boolean) => {
    const found = all.filter((element) => wanted(element) && !isUnseen(element))
    return found.length === 1 ? found[0] : undefined
  }
  return (
    only((element) => attribute(element, 'id') === 'docContent') ??
    only((element) => element.tagName === 'article') ??
    only((element) => element.tagName === 'main' || attribute(element, 'role') === 'main') ??
    all.find((element) => element.tagName === 'body') ??
    tree
  )
}

function titleOf(tree: Parent, root: Parent): string | null {
  const text = (parent: Parent, name: string) => {
    const element = find(parent, ({ tagName, namespaceURI }) => tagName === name && namespaceURI === 'http://www.w3.org/1999/xhtml')
    return element ? cleanLine(proseOf(headingNodes(element).line)) : ''
  }
  return text(root, 'h1') || text(tree, 'title') || text(root, 'h2') || null
}

const DATES = /^(article:published_time|article:modified_time|date|dc\.date|dcterms\.date|datepublished|revision_date)$/i

function dateOf(tree: Parent): string | null {
  const meta = find(
    tree,
    (element) => element.tagName === 'meta' && DATES.test(attribute(element, 'property') ?? attribute(element, 'name') ?? ''),
  )
  return isoDate(meta && attribute(meta, 'content'))
}

/** A date a person or program wrote, if one is sure what it means. */
export function isoDate(value: unknown): string | null {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d([T ]|$)/.test(value.trim())) return null
  const date = new Date(value.trim())
  if (Number.isNaN(date.getTime())) return null
  return value.trim().length === 10 ? value.trim() : date.toISOString()
}
