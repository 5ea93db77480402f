/** Postgres's source: what stands beside the code, with the line it stands on. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UserError } from '../src/errors.ts'
import type { Block, KnowledgeDocument } from '../src/knowledge/document.ts'
import type { SourceItem } from '../src/knowledge/source.ts'
import { sourceCodeSource } from '../src/knowledge/sources/source-code.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'code-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(files: Record<string, string | Buffer>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}

async function read({ tag = 'REL_17_2', include = [] as string[], known = new Map<string, string>() } = {}): Promise<SourceItem[]> {
  const items: SourceItem[] = []
  const source = sourceCodeSource({ type: 'source-code', name: 'code', path: folder, tag, include })
  for await (const item of source.read(known, { signal: new AbortController().signal, progress() {} })) items.push(item)
  return items
}

async function documents(options: Parameters<typeof read>[0] = {}): Promise<KnowledgeDocument[]> {
  return (await read(options)).flatMap((item) => (item.kind === 'document' ? [item.document] : []))
}

async function blocksOf(path: string, content: string, errcodes = ERRCODES): Promise<Block[]> {
  write({ [path]: content, 'src/backend/utils/errcodes.txt': errcodes })
  const found = (await documents()).find(({ key }) => key === path)
  return found?.blocks ?? []
}

const ERRCODES = `#
# codes
#
Section: Class 22 - Data Exception

22008    E    ERRCODE_TOO_LATE                            too_late
22008    E    ERRCODE_TOO_LATE_ALSO

Section: Class 42 - Syntax Error

42P99    E    ERRCODE_NO_SUCH_SHELF                       no_such_shelf
01P99    W    ERRCODE_DUSTY                               dusty

Section: Class XX - Internal Error

XX000    E    ERRCODE_INTERNAL_ERROR                      internal_error
`

const SHELF = `/*-------------------------------------------------------------------------
 *
 * shelf.c
 *\t  Putting books on shelves
 *
 * NOTES
 *\t  A shelf is locked before its books are.
 *
 * Portions Copyright (c) 1996-2024, Somebody
 * Portions Copyright (c) 1994, Somebody else
 *
 *
 * IDENTIFICATION
 *\t  src/backend/library/shelf.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "library/shelf.h"\t/* not a function's */

#define SHELF_NONE 0\t\t\t/* of this line only */
#define SHELF_ONE 1

/*
 * How long a shelf may be.  Longer ones bend, and
 * what stands on them falls over.
 */
#define SHELF_LENGTH(n) \\
\t((n) * 100)

typedef struct Forward Forward;

/*
 * One shelf of a room
 */
typedef struct Shelf
{
\tint\t\t\tlength;\t\t\t/* in millimetres */
\tstruct
\t{
\t\tint\t\tx;
\t}\t\t\tplace;
} Shelf;

static const struct message messages[] = {
\t{SHELF_ONE, ERRCODE_NO_SUCH_SHELF,
\t\tgettext_noop("shelf \\"%s\\" does not exist"),
\tgettext_noop("Use another shelf.")},
\t{'\\0', 0, NULL, NULL}
};

static bool shelf_is_full(Shelf *shelf);

/*
 * State of a move
 *
 * A move has two phases: in the first one all books are
 * counted, in the second one they are carried. Nothing is
 * carried that was not counted.
 */

/*
 * shelf_put: put a book on a shelf
 *
 * Fails if the shelf "is full"; the caller holds its lock { of any kind.
 */
static Book *
shelf_put(Shelf *shelf, const char *name,
\t\t  LOCKMODE lockmode)\t/* weak is enough */
{
\tif (name == NULL)
\t\telog(ERROR, "no name: %d", '"');

#ifdef USE_GLASS
\tif (shelf->glass) {
#else
\tif (shelf->wood) {
#endif
\t\tereport(ERROR,
\t\t\t\t(errcode(ERRCODE_NO_SUCH_SHELF),
\t\t\t\t errmsg("shelf \\"%s\\" has no room "
\t\t\t\t\t\t"for %" PRIu64 " books", name, n),
\t\t\t\t errdetail("It holds " UINT64_FORMAT " of them.", n),
\t\t\t\t errhint("Try (another) shelf.")));
\t}
\treturn NULL;
}

/* Is it full? */
bool
shelf_is_full(Shelf *shelf)
{
\tereport(full ? WARNING : NOTICE,
\t\t\terrcode(dusty ? ERRCODE_DUSTY : ERRCODE_TOO_LATE),
\t\t\terrmsg_plural("%d book", "%d books", n, n));
\tereport(DEBUG1, errmsg("looking at the shelf"));
\tereport(elevel, errcode_for_file_access(), errmsg("could not open \\"%s\\": %m", path));
\tereport(ERROR, errmsg("%s", text));
\tereport(ERROR,
\t\t\terrmsg(a ? _("shelf is open") : _("shelf is shut")));
\telog(ERROR, "no name: %d", 7);
\treturn true;
}

void
shelf_without_comment(void)
{
}
`

describe('a file of C', () => {
  test('begins with what it is for', async () => {
    const [header] = await blocksOf('src/backend/library/shelf.c', SHELF)
    expect(header).toEqual({
      breadcrumb: [],
      anchor: 'L1',
      kind: 'prose',
      term: null,
      text: 'Putting books on shelves\n\nNOTES\n   A shelf is locked before its books are.',
    })
  })

  test('has a block for each function and type that has a comment, at the line of the comment', async () => {
    const blocks = (await blocksOf('src/backend/library/shelf.c', SHELF)).filter(({ kind }) => kind !== 'entry')
    const lineOf = (text: string) => `L${SHELF.slice(0, SHELF.indexOf(text)).split('\n').length}`
    expect(blocks.slice(1).map(({ breadcrumb, anchor, kind }) => [breadcrumb, anchor, kind])).toEqual([
      [['SHELF_LENGTH'], lineOf('/*\n * How long'), 'code'],
      [['Shelf'], lineOf('/*\n * One shelf'), 'code'],
      [[], lineOf('/*\n * State of'), 'prose'],
      [['shelf_put'], lineOf('/*\n * shelf_put:'), 'code'],
      [['shelf_is_full'], lineOf('/* Is it full'), 'code'],
    ])
    expect(blocks.find(({ breadcrumb }) => breadcrumb[0] === 'shelf_put')?.text).toBe(
      'shelf_put: put a book on a shelf\n\nFails if the shelf "is full"; the caller holds its lock { of any kind.\n\n' +
        'static Book * shelf_put(Shelf *shelf, const char *name, LOCKMODE lockmode)',
    )
    expect(blocks.find(({ breadcrumb }) => breadcrumb[0] === 'Shelf')?.text).toContain('/* in millimetres */')
  })

  test('has an entry for each message it raises, with placeholders, code and places', async () => {
    const entries = (await blocksOf('src/backend/library/shelf.c', SHELF)).filter(({ kind }) => kind === 'entry')
    const line = (text: string, from = 0) => SHELF.slice(0, SHELF.indexOf(text, from)).split('\n').length
    const second = SHELF.lastIndexOf('elog(ERROR')
    expect(entries.map(({ text }) => text)).toEqual([
      `no name: %d\nERROR, SQLSTATE XX000 internal_error (ERRCODE_INTERNAL_ERROR)\nRaised in shelf_put (line ${line('elog(')}), shelf_is_full (line ${line('elog(', second)})`,
      `shelf "%s" has no room for %u books\nERROR, SQLSTATE 42P99 no_such_shelf (ERRCODE_NO_SUCH_SHELF)\nDETAIL: It holds %llu of them.\nHINT: Try (another) shelf.\nRaised in shelf_put (line ${line('ereport(')})`,
      `%d book\nWARNING, SQLSTATE 01P99 dusty (ERRCODE_DUSTY), SQLSTATE 22008 too_late (ERRCODE_TOO_LATE)\nRaised in shelf_is_full (line ${line('ereport(full')})`,
      `%d books\nWARNING, SQLSTATE 01P99 dusty (ERRCODE_DUSTY), SQLSTATE 22008 too_late (ERRCODE_TOO_LATE)\nRaised in shelf_is_full (line ${line('ereport(full')})`,
      `could not open "%s": %m\nSQLSTATE by the error of the operating system (errcode_for_file_access)\nRaised in shelf_is_full (line ${line('ereport(elevel')})`,
      `shelf is open\nERROR, SQLSTATE XX000 internal_error (ERRCODE_INTERNAL_ERROR)\nRaised in shelf_is_full (line ${line('ereport(ERROR,\n\t\t\terrmsg(a')})`,
      `shelf is shut\nERROR, SQLSTATE XX000 internal_error (ERRCODE_INTERNAL_ERROR)\nRaised in shelf_is_full (line ${line('ereport(ERROR,\n\t\t\terrmsg(a')})`,
      `shelf "%s" does not exist\nSQLSTATE 42P99 no_such_shelf (ERRCODE_NO_SUCH_SHELF)\nRaised in line ${line('gettext_noop')}`,
      `Use another shelf.\nSQLSTATE 42P99 no_such_shelf (ERRCODE_NO_SUCH_SHELF)\nRaised in line ${line('gettext_noop("Use')}`,
    ])
    expect(entries[1]).toMatchObject({
      breadcrumb: ['Error messages'],
      term: 'shelf "%s" has no room for %u books',
      anchor: `L${line('ereport(')}`,
    })
  })

  test('headers tell of types, macros and groups of functions', async () => {
    const blocks = await blocksOf(
      'src/include/library/shelf.h',
      `/* shelf.h: shelves */
#ifndef SHELF_H
#define SHELF_H

#ifdef __cplusplus
extern "C"
{
#endif

/*
 * Kinds of shelves
 */
typedef enum ShelfKind
{
\tSHELF_WOOD,\t\t/* bends */
\tSHELF_GLASS\t\t/* breaks */
} ShelfKind;

/* What is called when
 * one falls */
typedef void (*shelf_callback) (Shelf *shelf, void *arg);

/* in shelf.c */
extern int\tshelf_count(void);

/*
 * Callers lock the room first,
 * and then the shelf,
 * and then the book.
 */
extern Book *shelf_take(Shelf *shelf) pg_attribute_noreturn();

#ifdef __cplusplus
}
#endif
#endif
`,
    )
    expect(blocks.map(({ breadcrumb, kind }) => [breadcrumb, kind])).toEqual([
      [[], 'prose'],
      [['ShelfKind'], 'code'],
      [['shelf_callback'], 'code'],
      [['shelf_take'], 'code'],
    ])
  })

  test('grammars and scanners tell what they complain of', async () => {
    const text =
      "%{\n/* g.y */\n%}\n%token <str> '(' \"x\n%%\nshelf: SHELF '{' name '}'\n\t{\n\t\tif (!$3)\n\t\t\tereport(ERROR,\n\t\t\t\t\t(errcode(ERRCODE_NO_SUCH_SHELF),\n\t\t\t\t\t errmsg(\"no shelf here\"),\n\t\t\t\t\t parser_errposition(@1)));\n\t}\n;\n%%\n"
    const blocks = await blocksOf('src/backend/parser/g.y', text)
    expect(blocks.map(({ text, anchor }) => [anchor, text])).toEqual([
      ['L9', 'no shelf here\nERROR, SQLSTATE 42P99 no_such_shelf (ERRCODE_NO_SUCH_SHELF)\nRaised in line 9'],
    ])
  })

  test.each([
    ['a comment nobody closed', '/* header */\n\nint x;\n\n/* a long\n * comment\n * that never ends'],
    ['a string nobody closed', 'void\nf(void)\n{\n\telog(ERROR, "never'],
    ['brackets nobody closed', 'void\nf(void)\n{\n\tereport(ERROR, (errmsg("one two"\n'],
    ['braces nobody opened', '}\n}\n)\nint\nf(void)\n{\n}\n'],
    ['no C at all', '%%%\n@@ # define \\\n#'],
    ['a megabyte of brackets', '('.repeat(1_000_000)],
    ['a megabyte of quotes', '"\n'.repeat(500_000)],
    ['a comment of a megabyte', `/*${' * x\n'.repeat(200_000)}*/`],
    ['calls in calls', `void\nf(void)\n{\n${'ereport(ERROR, errmsg("ab", '.repeat(2_000)}\n}\n`],
  ])('%s is read without harm', async (_, content) => {
    write({ 'src/x.c': content })
    const items = await read()
    expect(items.map((item) => item.kind)).toEqual(['document'])
  })

  test('nothing that a database cannot store comes out', async () => {
    const text = `/*\n * x.c\n *\n * A\0B\n */\n${'\n'.repeat(9000)}/* f\0g */\nvoid\nf(void)\n{\n\telog(ERROR, "ab\0cd \ud800");\n}\n`
    const blocks = await blocksOf('src/x.c', text.replace('A\0B', 'AB'))
    expect(blocks).toHaveLength(3)
    expect(JSON.stringify(blocks)).not.toMatch(/\\u0000|\\ud8/i)
  })

  test('old files in latin-1 are read', async () => {
    write({ 'src/x.c': Buffer.from('/*\n * x.c\n *\t  by J\xf6rg\n */\n', 'latin1') })
    const [document] = await documents()
    expect(document?.blocks[0]?.text).toBe('by Jörg')
    expect(document?.problems).toHaveLength(1)
  })
})

describe('READMEs', () => {
  test('are cut at their titles, each piece with its line', async () => {
    const long = Array.from({ length: 20 }, (_, at) => `Paragraph ${at} tells of shelves and of books, of rooms and of locks.`).join('\n\n')
    const text = `src/backend/library/README\n\nThe library\n===========\n\nIt has books.\n\nRooms\n-----\n\n    one  two\n    three\n\nDoors\n-----\n\nShut.\n\nPlaces\n======\n\n${long}\n\nALL OF THIS\n\nEnd.\n`
    const blocks = await blocksOf('src/backend/library/README', text)
    expect(blocks.map(({ breadcrumb, anchor }) => [breadcrumb.join(' › '), anchor])).toEqual([
      ['The library', 'L6'],
      ['The library › Rooms', 'L11'],
      ['The library › Doors', 'L17'],
      ['Places', 'L22'],
      ['Places', expect.stringMatching(/^L5\d$/)],
      ['Places › ALL OF THIS', 'L64'],
    ])
    expect(blocks[1]?.text).toBe('    one  two\n    three')
    const lines = text.split('\n')
    for (const { anchor, text } of blocks) expect(lines[Number(anchor?.slice(1)) - 1]?.trim()).toBe(text.split('\n')[0]?.trim())
  })
})

test('SQLSTATEs are entries of their own', async () => {
  write({ 'src/backend/utils/errcodes.txt': ERRCODES })
  const [document] = await documents()
  expect(document).toMatchObject({
    title: 'src/backend/utils/errcodes.txt',
    url: 'https://github.com/postgres/postgres/blob/REL_17_2/src/backend/utils/errcodes.txt',
    trust: 'highest',
    versions: { from: 17, to: 17 },
    licence: 'PostgreSQL',
  })
  expect(document?.blocks[2]).toEqual({
    breadcrumb: ['SQLSTATE', 'Class 42 - Syntax Error'],
    anchor: 'L11',
    kind: 'entry',
    term: '42P99 no_such_shelf',
    text: 'SQLSTATE 42P99 no_such_shelf\nClass 42 - Syntax Error (error)\nERRCODE_NO_SUCH_SHELF',
  })
})

test.each([
  ['REL_17_2', 17],
  ['REL_18_STABLE', 18],
  ['REL_18_BETA1', 18],
  ['REL9_6_24', 9],
  ['master', null],
])('tag %s speaks of version %s', async (tag, major) => {
  write({ README: 'x' })
  const [document] = await documents({ tag })
  expect(document?.versions).toEqual(major === null ? null : { from: major, to: major })
})

test('tests, translations and other files are left out, unless they are asked for', async () => {
  write({ 'src/a.c': '', 'src/test/b.c': '', 'src/backend/po/README': '', 'doc/src/sgml/x.sgml': '', 'src/x.pl': '', 'contrib/y/y.h': '' })
  expect((await documents()).map(({ key }) => key)).toEqual(['contrib/y/y.h', 'src/a.c'])
  expect((await documents({ include: ['src/test/**'] })).map(({ key }) => key)).toEqual(['src/test/b.c'])
})

test('only what changed is read again; new codes concern all', async () => {
  write({ 'src/a.c': '/* a */', 'src/b.c': '/* b */' })
  const known = new Map((await documents()).map(({ key, revision }) => [key, revision]))
  write({ 'src/b.c': '/* c */' })
  expect((await read({ known })).map((item) => item.kind)).toEqual(['unchanged', 'document'])
  write({ 'src/backend/utils/errcodes.txt': ERRCODES })
  expect((await read({ known })).map((item) => item.kind)).toEqual(['document', 'document', 'document'])
})

test('a checkout at another commit than the tag is a mistake of the reader', async () => {
  write({ 'src/a.c': '/* a */' })
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=x', '-c', 'user.email=x@x', ...args], { stdio: 'pipe' })
  git('init', '-q')
  git('add', '.')
  git('commit', '-qm', 'one')
  git('tag', 'REL_17_2')
  expect(await documents()).toHaveLength(1)
  expect(await documents({ tag: '--help' })).toHaveLength(1)
  git('commit', '-q', '--allow-empty', '-m', 'two')
  await expect(read()).rejects.toThrow(UserError)
  expect(await documents({ tag: 'REL_17_3' })).toHaveLength(1)
})
