import { closeSync, existsSync, ftruncateSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs'

const PAGE = 8192
/** Pages of a segment: 1 GB. */
const SEGMENT_PAGES = 131_072

/**
 * Makes a relation's main file as long as in production, without writing it: holes cost nothing, and to Postgres a page of zeros is a new one. Only while
 * the server is stopped. `owner` of new segments is that of the first.
 */
export function extendFile(path: string, pages: number, chown: (path: string) => void): void {
  const whole = Math.floor(pages / SEGMENT_PAGES)
  for (let segment = 0; segment <= whole; segment += 1) {
    const bytes = (segment < whole ? SEGMENT_PAGES : pages % SEGMENT_PAGES) * PAGE
    const file = segment === 0 ? path : `${path}.${segment}`
    if (segment > 0 && bytes === 0) return
    if (!existsSync(file)) {
      closeSync(openSync(file, 'w', 0o600))
      chown(file)
    }
    if (statSync(file).size < bytes) truncateSync(file, bytes)
  }
}

/** Where the metapage of a B-tree has what: after the page header of 24 bytes, magic, version, root, level, fast root, fast level. */
const META = { magic: 24, root: 32, level: 36, fastRoot: 40, fastLevel: 44 }
const BTREE_MAGIC = 0x053162

/** Tells the planner how high a B-tree is, which it charges a descent for. Does nothing to a file that is no B-tree. */
export function setTreeHeight(path: string, level: number): void {
  const file = openSync(path, 'r+')
  try {
    const page = Buffer.alloc(PAGE)
    if (readSync(file, page, 0, PAGE, 0) < PAGE || page.readUInt32LE(META.magic) !== BTREE_MAGIC) return
    page.writeUInt32LE(1, META.root)
    page.writeUInt32LE(level, META.level)
    page.writeUInt32LE(1, META.fastRoot)
    page.writeUInt32LE(level, META.fastLevel)
    writeSync(file, page, 0, PAGE, 0)
    if (statSync(path).size < 2 * PAGE) ftruncateSync(file, 2 * PAGE)
  } finally {
    closeSync(file)
  }
}

/** Bytes of a page that hold tuples, of a leaf at its fillfactor of 90 and of an inner page at 70. */
const LEAF_BYTES = (PAGE - 40) * 0.9
const INNER_BYTES = (PAGE - 40) * 0.7

/** Header and line pointer of an index tuple, and its key aligned to 8 bytes. */
function tupleBytes(keyBytes: number): number {
  return 8 + 4 + Math.ceil(Math.max(keyBytes, 1) / 8) * 8
}

/** Pages that a B-tree of so many entries has when it is built. Equal keys are stored once since 13, which this does not know: it is an upper bound. */
export function treePages(entries: number, keyBytes: number): number {
  return 1 + Math.max(1, Math.ceil((entries * tupleBytes(keyBytes)) / LEAF_BYTES))
}

/** Levels above the leaves of a B-tree with so many pages. */
export function treeLevel(pages: number, keyBytes: number): number {
  const fanout = Math.max(2, Math.floor(INNER_BYTES / tupleBytes(keyBytes)))
  return pages <= 2 ? 0 : Math.max(1, Math.ceil(Math.log(pages - 1) / Math.log(fanout)))
}
