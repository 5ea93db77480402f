import { toUSVString } from 'node:util'
import type { Region } from './source.ts'

/** A place in a file of the repository; its root is whatever the reader says `%SRCROOT%` is. */
export function sarifLocation(path: string, region: Region) {
  const uri = toUSVString(path).split('/').map(encodeURIComponent).join('/')
  return { physicalLocation: { artifactLocation: { uri, uriBaseId: '%SRCROOT%' }, region } }
}
