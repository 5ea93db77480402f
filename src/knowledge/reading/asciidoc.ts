/** AsciiDoc as blocks, by way of its HTML. */
import { readHtml } from './html-page.ts'
import type { MarkupText } from './markdown.ts'

/** Nothing is included, and no file or address is read: `secure`. Throws TooComplex. */
export async function readAsciiDoc(text: string): Promise<MarkupText & { problems: string[] }> {
  const { convert, LoggerManager, NullLogger } = await import('@asciidoctor/core')
  LoggerManager.logger = new NullLogger()
  const html = await convert(text, { safe: 'secure', standalone: false, attributes: { showtitle: '', 'max-include-depth': 0 } })
  const { title, blocks } = readHtml(String(html))
  const includes = text.match(/^include::/gm)?.length ?? 0
  return { title, blocks, problems: includes > 0 ? [`its ${includes} includes are not read`] : [] }
}
