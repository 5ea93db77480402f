import type { Extractor } from './extractor.ts'
import { byFolder, compareText, fileName, isDirectlyIn } from './names.ts'
import { sentAsOneQuery } from './outline.ts'
import { keepOnly, type Span } from './positions.ts'
import { foldersThatMatch } from './sample.ts'
import type { Script } from './script.ts'

const NAME = /^\d+.*\.sql$/
export const DBMATE_MARK = /^--[ \t]*migrate:up(\s|$)/m
const DIRECTIVE = /^--[ \t]*migrate:(up|down)([ \t]+[^\r\n]*)?\r?$/gm

/**
 * dbmate: `<digits>_name.sql` in the order of file names; db/schema.sql is its dump, not a migration. A file has one
 * `-- migrate:up` block and a `-- migrate:down` block after it, newer versions take several pairs. A block is one Exec
 * inside a transaction; with `transaction:false` on its directive it is one Exec without, so several statements then
 * share the implicit transaction of a simple query.
 *
 * https://github.com/amacneil/dbmate/blob/main/pkg/dbmate/migration.go (directives, options),
 * https://github.com/amacneil/dbmate/blob/main/pkg/dbmate/db.go (Migrate, FindMigrations)
 */
export const dbmate: Extractor = {
  tool: 'dbmate',
  detect: (paths, read) => foldersThatMatch(byFolder(paths, NAME), read, DBMATE_MARK),
  owns: (path, folder) => isDirectlyIn(path, folder) && NAME.test(fileName(path)),
  compare: (a, b) => compareText(fileName(a), fileName(b)),
  extract(path, text) {
    const directives = [...text.matchAll(DIRECTIVE)]
    const blocks = directives.map((match, index) => ({
      direction: match[1] as Script['direction'],
      alone: /\btransaction:false\b/.test(match[2] ?? ''),
      start: match.index + match[0].length,
      end: directives[index + 1]?.index ?? text.length,
    }))
    const part = (direction: Script['direction'], spans: Span[], alone: boolean): Script => {
      const sql = keepOnly(text, spans)
      return { path, tool: 'dbmate', direction, text, sql, transaction: alone ? sentAsOneQuery(sql) : 'file', notes: [] }
    }
    const ups = blocks.filter((block) => block.direction === 'up')
    const downs = blocks.filter((block) => block.direction === 'down')
    if (ups.length === 0) {
      return [{ ...part('up', [], false), notes: ['dbmate wants `-- migrate:up` before the first statement'] }]
    }
    const scripts = [...byTransaction(ups), ...byTransaction(downs)]
    return scripts.map((blocks) => part(blocks[0].direction, blocks, blocks[0].alone))
  },
}

/** Blocks with the same transaction mode that follow one another make one script. */
function byTransaction<Block extends { alone: boolean }>(blocks: readonly Block[]): Array<[Block, ...Block[]]> {
  const groups: Array<[Block, ...Block[]]> = []
  for (const block of blocks) {
    const last = groups.at(-1)
    if (last && last[0].alone === block.alone) last.push(block)
    else groups.push([block])
  }
  return groups
}
