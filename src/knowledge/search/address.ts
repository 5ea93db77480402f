import type { PassageRow } from './find-passages.ts'

/** Where a passage is read: with the anchor. */
export function addressOf({ url, anchor }: Pick<PassageRow, 'url' | 'anchor'>): string {
  return anchor === null || url.includes('#') ? url : `${url}#${encodeURI(anchor)}`
}

/** `ALTER TABLE › Notes`. */
export function titleOf({ title, breadcrumb, term }: Pick<PassageRow, 'title' | 'breadcrumb' | 'term'>): string {
  return [title, ...breadcrumb, ...(term === null ? [] : [term])].join(' › ')
}
