/** HTML as a tree, and the questions one asks of it. */
import { type DefaultTreeAdapterTypes, defaultTreeAdapter, parse } from 'parse5'
import { MAX_DEPTH, MAX_ELEMENTS } from './limits.ts'

export type Element = DefaultTreeAdapterTypes.Element
export type Node = DefaultTreeAdapterTypes.Node
export type Parent = DefaultTreeAdapterTypes.ParentNode

/** A page made to be slow, or one that a program broke. */
export class TooComplex extends Error {
  override name = 'TooComplex'
}

/** As a browser would, so that no HTML is too broken. Throws TooComplex. */
export function parseHtml(html: string): Parent {
  let open = 0
  let elements = 0
  return parse(html, {
    scriptingEnabled: false,
    treeAdapter: {
      ...defaultTreeAdapter,
      createElement(tagName, namespaceURI, attributes) {
        if (++elements > MAX_ELEMENTS) throw new TooComplex(`it has more than ${MAX_ELEMENTS} elements`)
        return defaultTreeAdapter.createElement(tagName, namespaceURI, attributes)
      },
      onItemPush() {
        if (++open > MAX_DEPTH) throw new TooComplex(`its elements are nested deeper than ${MAX_DEPTH}`)
      },
      onItemPop() {
        open--
      },
    },
  })
}

export function isElement(node: Node): node is Element {
  return 'tagName' in node
}

export function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((candidate) => candidate.name === name)?.value
}

export function classes(element: Element): string[] {
  return attribute(element, 'class')?.split(/\s+/) ?? []
}

export function elementsOf(parent: Parent): Element[] {
  return parent.childNodes.filter(isElement)
}

/** The element itself and all in it, in the order of the text. */
export function* descendants(parent: Parent): Generator<Element> {
  for (const child of parent.childNodes) {
    if (!isElement(child)) continue
    yield child
    yield* descendants(child)
  }
}

export function find(parent: Parent, wanted: (element: Element) => boolean): Element | undefined {
  for (const element of descendants(parent)) if (wanted(element)) return element
  return undefined
}

/** An id people link to. DocBook numbers whatever has none (`id-1.9.3.5`): such an id is kept only where `numbered` says so. */
export function anchorOf(element: Element, { numbered = false } = {}): string | null {
  const id = attribute(element, 'id') || (element.tagName === 'a' ? attribute(element, 'name') : undefined)
  if (!id || id.length > 200 || /[\s"<>]/.test(id)) return null
  return /^id-?[\d.]+$/.test(id) && !numbered ? null : id
}

/** The first anchor of the element or in it. */
export function anchorWithin(element: Element): string | null {
  const own = anchorOf(element)
  if (own) return own
  for (const inner of descendants(element)) {
    const anchor = anchorOf(inner)
    if (anchor) return anchor
  }
  return null
}
