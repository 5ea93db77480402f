/**
 * A block that one click applies. `info` is `suggestion`, with GitLab's numbers of lines after it. The fence is longer than any in the text, so that the text
 * cannot end it.
 */
export function suggestionBlock(info: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const lines = text.replace(/\r?\n$/, '')
  return `${fence}${info}\n${lines === '' ? '' : `${lines}\n`}${fence}`
}
