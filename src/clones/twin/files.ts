import { closeSync, existsSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs'

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

/**
 * Makes a B-tree an empty one of that height, which the planner charges a descent for: a root, below it pages with one downlink each, and an empty leaf. The
 * planner also looks for the first and last key of an index, and there has to be a way down to none. Does nothing to a file that is no B-tree.
 */
export function setTreeHeight(path: string, level: number): void {
  const file = openSync(path, 'r+')
  try {
    const meta = Buffer.alloc(PAGE)
    if (readSync(file, meta, 0, PAGE, 0) < PAGE || meta.readUInt32LE(META.magic) !== BTREE_MAGIC) return
    for (const field of [META.root, META.fastRoot]) meta.writeUInt32LE(1, field)
    for (const field of [META.level, META.fastLevel]) meta.writeUInt32LE(level, field)
    writeSync(file, meta, 0, PAGE, 0)
    for (let block = 1; block <= level + 1; block += 1) writeSync(file, treePage(block, level + 1 - block), 0, PAGE, block * PAGE)
  } finally {
    closeSync(file)
  }
}

const SPECIAL = PAGE - 16
/** Size of an index tuple without a key, marked as a downlink whose key is less than all. */
const DOWNLINK_BYTES = 8
const DOWNLINK = DOWNLINK_BYTES | 0x2000
const LEAF = 1
const ROOT = 2

/** A page that is alone on its level, as of version 4 of the B-tree: header, one line pointer, one downlink to the next block, level and flags. */
function treePage(block: number, level: number): Buffer {
  const page = Buffer.alloc(PAGE)
  const items = level > 0 ? 1 : 0
  const upper = SPECIAL - items * DOWNLINK_BYTES
  page.writeUInt16LE(24 + 4 * items, 12)
  page.writeUInt16LE(upper, 14)
  page.writeUInt16LE(SPECIAL, 16)
  page.writeUInt16LE(PAGE | 4, 18)
  if (items > 0) {
    page.writeUInt32LE(upper | (1 << 15) | (DOWNLINK_BYTES << 17), 24)
    page.writeUInt16LE(block + 1, upper + 2)
    page.writeUInt16LE(DOWNLINK, upper + 6)
  }
  page.writeUInt32LE(level, SPECIAL + 8)
  page.writeUInt16LE((level === 0 ? LEAF : 0) | (block === 1 ? ROOT : 0), SPECIAL + 12)
  return page
}

/** Bytes of a page that hold tuples, of a leaf at its fillfactor of 90 and of an inner page at 70. */
const LEAF_BYTES = (PAGE - 40) * 0.9
const INNER_BYTES = (PAGE - 40) * 0.7

/** A third of a page: Postgres has no longer keys in a B-tree. */
const MOST_KEY_BYTES = 2704
/** What `integer` holds, in which numbers of pages are told to Postgres. */
const MOST_PAGES = 2_147_483_647

/** Header and line pointer of an index tuple, and its key aligned to 8 bytes. */
function tupleBytes(keyBytes: number): number {
  return 8 + 4 + Math.ceil(Math.min(Math.max(keyBytes, 1), MOST_KEY_BYTES) / 8) * 8
}

/** Pages that a B-tree of so many entries has when it is built. Equal keys are stored once since 13, which this does not know: it is an upper bound. */
export function treePages(entries: number, keyBytes: number): number {
  return Math.min(MOST_PAGES, 1 + Math.max(1, Math.ceil((entries * tupleBytes(keyBytes)) / LEAF_BYTES)))
}

/** Levels above the leaves of a B-tree with so many pages. */
export function treeLevel(pages: number, keyBytes: number): number {
  const fanout = Math.max(2, Math.floor(INNER_BYTES / tupleBytes(keyBytes)))
  return pages <= 2 ? 0 : Math.max(1, Math.ceil(Math.log(pages - 1) / Math.log(fanout)))
}
