/** What a reader sees of a piece of HTML. */
import { attribute, classes, type Element, isElement, type Node, type Parent } from './html-tree.ts'

const UNSEEN = new Set(
  'script style noscript template iframe object embed svg canvas audio video select textarea button input head title link meta nav dialog'.split(
    ' ',
  ),
)
const UNSEEN_CLASSES = new Set([
  'navheader',
  'navfooter',
  'toc',
  'page-toc',
  'page-menu',
  'page-footer',
  'headerlink',
  'id_link',
  'sr-only',
  'visually-hidden',
  'clipboard-button',
])
const SIGNS = /^[#¶§🔗\s]*$/u

export function isUnseen(element: Element): boolean {
  if (UNSEEN.has(element.tagName)) return true
  if (attribute(element, 'hidden') !== undefined || /display\s*:\s*none/i.test(attribute(element, 'style') ?? '')) return true
  if (classes(element).some((name) => UNSEEN_CLASSES.has(name))) return true
  // A sign that links to the heading it stands beside, or to a commit.
  return element.tagName === 'a' && attribute(element, 'href') !== undefined && element.childNodes.length > 0 && SIGNS.test(textOf(element))
}

/** Text as it is, white space too; `<br>` ends a line, powers are written `2^10`. */
export function textOf(node: Node | Parent): string {
  const parts: string[] = []
  collect(node, parts)
  return parts.join('')
}

function collect(node: Node | Parent, parts: string[]): void {
  if ('value' in node) parts.push(node.value)
  if (!('childNodes' in node)) return
  for (const child of node.childNodes) {
    if (!isElement(child)) collect(child, parts)
    else if (child.tagName === 'br') parts.push('\n')
    else if (!isUnseen(child)) {
      if (child.tagName === 'sup' && !classes(child).some((name) => name.startsWith('footnote'))) parts.push('^')
      collect(child, parts)
      if (BLOCKS.has(child.tagName)) parts.push(' ')
    }
  }
}

/** White space in the source of a page is a space; a line ends at `<br>`. */
export function proseOf(nodes: readonly Node[]): string {
  const parts: string[] = []
  for (const node of nodes) collectProse(node, parts)
  return parts.join('')
}

function collectProse(node: Node, parts: string[]): void {
  if ('value' in node) parts.push(node.value.replaceAll(/[ \t\n\f\r]+/g, ' '))
  else if (isElement(node) && node.tagName === 'br') parts.push('\n')
  else if (isElement(node) && !isUnseen(node)) {
    if (node.tagName === 'sup' && !classes(node).some((name) => name.startsWith('footnote'))) parts.push('^')
    for (const child of node.childNodes) collectProse(child, parts)
    if (BLOCKS.has(node.tagName)) parts.push(' ')
  }
}

const BLOCKS = new Set(
  'address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html li main menu ol p pre section summary table tbody td tfoot th thead tr ul caption'.split(
    ' ',
  ),
)

/** Starts and ends a line of its own. */
export function isBlock(node: Node): node is Element {
  return isElement(node) && BLOCKS.has(node.tagName)
}

/** The line of a heading: one that is never closed holds the rest of the page as well. */
export function headingNodes(heading: Element): { line: Node[]; rest: Node[] } {
  const end = heading.childNodes.findIndex((child) => isBlock(child) || (isElement(child) && hasBlock(child)))
  return end === -1
    ? { line: heading.childNodes, rest: [] }
    : { line: heading.childNodes.slice(0, end), rest: heading.childNodes.slice(end) }
}

function hasBlock(element: Element): boolean {
  return element.childNodes.some((child) => isBlock(child) || (isElement(child) && hasBlock(child)))
}
