/** Articles and how-tos, Markdown or HTML: only with an author, and with the permission the declaration records. */
import type { SourceDeclaration } from '../declaration.ts'
import { addressOf } from '../reading/address.ts'
import { readFolder } from '../reading/folder.ts'
import { isMarkup, readMarkup } from '../reading/markup.ts'
import type { Source } from '../source.ts'

type Declaration = Extract<SourceDeclaration, { type: 'article' }>

/** Author and permission are the declaration's: what a text says of itself is no proof of either. */
export function articleSource({ path, url, author, permission, verified, licence }: Declaration): Source {
  return {
    read(known, context) {
      const settings = ['article', url, author, permission, verified, licence ?? null]
      return readFolder({ path, wanted: isMarkup, settings, deep: true, read }, known, context)
    },
  }

  async function read(key: string, bytes: Uint8Array, { isFile }: { isFile: boolean }) {
    const { title, date, blocks, problems } = await readMarkup(key, bytes)
    return {
      title: title ?? key,
      url: addressOf(url, key, { isFile }),
      author,
      date,
      licence: licence ?? null,
      trust: verified ? ('high' as const) : ('unknown' as const),
      versions: null,
      blocks,
      problems,
    }
  }
}
