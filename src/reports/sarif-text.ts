import { toUSVString } from 'node:util'
import { printable } from './printable.ts'
import type { Region } from './source.ts'

/** A place in a file of the repository; its root is whatever the reader says `%SRCROOT%` is. */
export function sarifLocation(path: string, region: Region) {
  const uri = toUSVString(path).split('/').map(encodeURIComponent).join('/')
  return { physicalLocation: { artifactLocation: { uri, uriBaseId: '%SRCROOT%' }, region } }
}

/** Printable text in which `[words](address)` is no link, as it otherwise is in a SARIF message (section 3.11.6). */
export function sarifText(text: string): string {
  return printable(text).replaceAll('](', '] (')
}
