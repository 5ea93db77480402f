import type { SourceDeclaration } from './declaration.ts'

const LONGEST = 63

/** What a source is called when nobody names it: `manual-17`, `pgbouncer`. Undefined when its words hold no letter that a name may have. */
export function usualName(declaration: SourceDeclaration): string | undefined {
  const words = wordsOf(declaration).map((word) =>
    String(word)
      .normalize('NFKD')
      .toLowerCase()
      .replaceAll(/\p{M}/gu, '')
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, ''),
  )
  if (words.includes('')) return undefined
  return words.join('-').slice(0, LONGEST).replace(/-+$/, '')
}

function wordsOf(declaration: SourceDeclaration): Array<string | number> {
  switch (declaration.type) {
    case 'manual':
    case 'release-notes':
      return [declaration.type, declaration.postgres]
    case 'tool-manual':
      return [declaration.title]
    case 'source-code':
      return ['source', declaration.tag]
    case 'article':
      return ['articles', declaration.author]
    case 'mailing-list':
      return [declaration.list]
    case 'web-page':
      return ['web', declaration.hosts[0] ?? '']
  }
}
