/** The manual of another tool, from a git checkout: Markdown, HTML, AsciiDoc or reStructuredText. */
import type { SourceDeclaration } from '../declaration.ts'
import { addressOf } from '../reading/address.ts'
import { included, readFolder } from '../reading/folder.ts'
import { isMarkup, readMarkup } from '../reading/markup.ts'
import type { Source } from '../source.ts'

type Declaration = Extract<SourceDeclaration, { type: 'tool-manual' }>

/** Documents are called `PgBouncer › Configuration`. */
export function toolManualSource(declaration: Declaration): Source {
  const { path, url, title: tool, licence = null, include } = declaration
  return {
    read(known, context) {
      const wanted = (key: string) => (include.length > 0 ? included(key, include) : isMarkup(key))
      return readFolder({ path, wanted, settings: ['tool-manual', url, tool, licence], deep: true, read }, known, context)
    },
  }

  async function read(key: string, bytes: Uint8Array, { isFile }: { isFile: boolean }) {
    const { title, date, blocks, problems } = await readMarkup(key, bytes)
    return {
      title: title && title.toLowerCase() !== tool.toLowerCase() ? `${tool} › ${title}` : tool,
      url: addressOf(url, key, { isFile }),
      author: null,
      date,
      licence,
      trust: 'high' as const,
      versions: null,
      blocks,
      problems,
    }
  }
}
