/**
 * RFC 3676: a line that ends in a space goes on in the next one, if that is quoted as deeply. Of a message that mixes flowed and fixed
 * parts all is taken as flowed; text that must keep its lines is safe, as it seldom ends them in spaces.
 */
export function unfoldFlowed(text: string): string {
  const paragraphs: string[] = []
  let parts: string[] = []
  let depth = 0
  const end = () => {
    if (parts.length > 0) paragraphs.push(`${'>'.repeat(depth)}${depth > 0 ? ' ' : ''}${parts.join('')}`)
    parts = []
  }
  for (const line of text.split(/\r?\n/)) {
    const quotes = quoteDepth(line)
    const rest = line.slice(quotes)
    const content = rest.startsWith(' ') ? rest.slice(1) : rest
    if (quotes !== depth || content === '-- ') end()
    depth = quotes
    parts.push(content)
    if (!content.endsWith(' ') || content === '-- ') end()
  }
  end()
  return paragraphs.join('\n')
}

function quoteDepth(line: string): number {
  let depth = 0
  while (line[depth] === '>') depth++
  return depth
}
