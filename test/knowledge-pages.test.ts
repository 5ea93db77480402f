/**
 * What is read of pages, and that nothing of them is lost: HTML as the manual has it and as anybody writes it, Markdown, AsciiDoc, reStructuredText. Where the
 * manual of Postgres 15 is installed, all of it.
 */
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Block, KnowledgeDocument } from '../src/knowledge/document.ts'
import { decode, NotText } from '../src/knowledge/reading/decode.ts'
import { readHtml, readHtmlPage } from '../src/knowledge/reading/html-page.ts'
import { readManualPage } from '../src/knowledge/reading/manual-page.ts'
import { readMarkup } from '../src/knowledge/reading/markup.ts'
import type { Source, SourceItem } from '../src/knowledge/source.ts'
import { articleSource } from '../src/knowledge/sources/article.ts'
import { manualSource } from '../src/knowledge/sources/manual.ts'
import { releaseNotesSource } from '../src/knowledge/sources/release-notes.ts'
import { toolManualSource } from '../src/knowledge/sources/tool-manual.ts'
import { hasManual, MANUAL } from './fixtures/installed-manual.ts'
import { differences, pageText } from './fixtures/page-words.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const markup = (name: string, text: string) => readMarkup(name, bytes(text))

async function readAll(source: Source, known = new Map<string, string>(), signal = new AbortController().signal): Promise<SourceItem[]> {
  const items: SourceItem[] = []
  for await (const item of source.read(known, { signal, progress() {} })) items.push(item)
  return items
}

async function readToEnd(items: AsyncIterable<SourceItem>): Promise<void> {
  for await (const _ of items);
}

function documentsOf(items: readonly SourceItem[]): KnowledgeDocument[] {
  return items.flatMap((item) => (item.kind === 'document' ? [item.document] : []))
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pgwitness-pages-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function files(name: string, contents: Record<string, string | Uint8Array>): Promise<string> {
  const root = join(folder, name)
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return root
}

const navigation =
  '<div class="navheader"><a accesskey="u" href="x.html" title="Chapter 20. Server Configuration">Up</a> <a accesskey="h" title="PostgreSQL 17.2 Documentation">Home</a></div>'

function manualPage(body: string): Uint8Array {
  return bytes(`<?xml version="1.0" encoding="UTF-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>
    <body id="docContent">${navigation}${body}<div class="navfooter">Next</div></body></html>`)
}

function readPage(body: string) {
  return readManualPage(manualPage(body), { postgres: 17, file: 'some-page.html' })
}

describe('a page of the manual', () => {
  test('has a title with its chapter, and an address of its version', () => {
    const page = readPage(
      '<div class="sect1" id="RUNTIME-CONFIG-WAL"><h2 class="title">20.5.\u00a0Write Ahead Log <a class="id_link" href="#X">#</a></h2><p>All of it.</p></div>',
    )
    expect(page).toMatchObject({
      title: 'Server Configuration › Write Ahead Log',
      url: 'https://www.postgresql.org/docs/17/some-page.html',
      versions: { from: 17, to: 17 },
      licence: 'PostgreSQL',
      trust: 'high',
      problems: [],
    })
    expect(page.blocks).toEqual([{ breadcrumb: [], anchor: 'RUNTIME-CONFIG-WAL', kind: 'prose', term: null, text: 'All of it.' }])
  })

  test('has a setting as an entry, with examples and short lists in it and long lists below it', () => {
    const long = 'so much of it that nobody reads on '.repeat(40)
    const { blocks } =
      readPage(`<div class="sect1" id="A"><h2 class="title">20.5. Log</h2><div class="sect2" id="B"><h3 class="title">20.5.1. Settings</h3>
      <div class="variablelist"><dl class="variablelist">
      <dt id="GUC-WAL-LEVEL"><span class="term"><code class="varname">wal_level</code> (<code class="type">enum</code>)<a id="id-1.6.7" class="indexterm"></a></span></dt>
      <dd><p>How much\n is written.</p><pre class="programlisting">\nwal_level =  minimal\n  # indented\n</pre>
        <dl><dt>minimal</dt><dd><p>Little.</p></dd><dt>logical</dt><dd><p>A lot.</p></dd></dl><p>After the list.</p></dd>
      <dt id="GUC-B"><span class="term">b</span></dt><dd><p>Outer.</p><dl><dt id="C"><span class="term">c</span></dt><dd><p>${long}</p></dd></dl></dd>
      </dl></div></div></div>`)
    expect(blocks.map(({ kind, term, anchor, breadcrumb }) => [kind, term, anchor, breadcrumb])).toEqual([
      ['prose', null, 'B', ['Settings']],
      ['entry', 'wal_level', 'GUC-WAL-LEVEL', ['Settings']],
      ['entry', 'b', 'GUC-B', ['Settings']],
      ['entry', 'c', 'C', ['Settings', 'b']],
    ])
    expect(blocks[0]?.text, 'an overview, as people link to the section').toBe('wal_level (enum)\nb\nc')
    expect(blocks[1]?.text).toBe(
      'wal_level (enum)\nHow much is written.\n\nwal_level =  minimal\n  # indented\n\n- minimal: Little.\n- logical: A lot.\n\nAfter the list.',
    )
  })

  test('has a function, a column of a catalog and an error code as entries of their own', () => {
    const { blocks } = readPage(`<div class="sect1" id="F"><h2 class="title">9.4. Functions</h2>
      <div class="table" id="F-TABLE"><p class="title"><strong>Table 9.9. SQL Functions</strong></p><table class="table"><thead><tr><th class="func_table_entry"><p class="func_signature">Function</p></th></tr></thead>
      <tbody><tr><td class="func_table_entry"><p class="func_signature"><code class="function">btrim</code> ( <em class="parameter">string</em> text ) → text</p><p>Trims.</p></td></tr>
      <tr><td id="FUNCTION-LTRIM" class="func_table_entry"><p class="func_signature"><code class="function">ltrim</code> ( text ) → text</p><p>Left.</p></td></tr>
      <tr><td class="catalog_table_entry"><p class="column_definition"><code class="structfield">relname</code> <code class="type">name</code></p><p>Name.</p></td></tr></tbody></table></div>
      <div class="table" id="E"><table><thead><tr><th>Error Code</th><th>Condition Name</th></tr></thead><tbody>
      <tr><td colspan="2"><strong>Class 40 — Transaction Rollback</strong></td></tr><tr><td>40P01</td><td>deadlock_detected</td></tr></tbody></table></div></div>`)
    expect(blocks).toMatchObject([
      { kind: 'entry', term: 'btrim', anchor: 'F-TABLE', breadcrumb: ['SQL Functions'], text: 'btrim ( string text ) → text\nTrims.' },
      { kind: 'entry', term: 'ltrim', anchor: 'FUNCTION-LTRIM' },
      { kind: 'entry', term: 'relname', text: 'relname name\nName.' },
      {
        kind: 'entry',
        term: '40P01',
        anchor: 'E',
        breadcrumb: ['Class 40 — Transaction Rollback'],
        text: 'Error Code: 40P01\nCondition Name: deadlock_detected',
      },
    ])
  })

  test('has functions as entries also in the tables of older manuals, and keeps their footnotes', () => {
    const { blocks } =
      readPage(`<div class="sect1" id="F"><h2 class="title">9.4. Functions</h2><div class="table" id="T"><p class="title">Table 9.9. Functions</p><table>
      <thead><tr><th>Function</th><th>Return Type</th></tr></thead><tbody class="footnotes"><tr><td colspan="2"><div id="ftn.X" class="footnote"><p>A footnote.</p></div></td></tr></tbody>
      <tbody><tr><td><code class="function">btrim(<em>string</em> text)</code></td><td>text</td></tr></tbody></table></div></div>`)
    expect(blocks).toMatchObject([
      { kind: 'entry', term: 'btrim', text: 'Function: btrim(string text)\nReturn Type: text' },
      { kind: 'prose', anchor: 'ftn.X', text: 'A footnote.' },
    ])
  })

  test('has synopses, examples and tables as they are, and notes in the text', () => {
    const { blocks } =
      readPage(`<div class="refentry" id="SQL-X"><div class="refnamediv"><h2>X</h2><p>X — do x</p></div><div class="refsynopsisdiv"><h2>Synopsis</h2><pre class="synopsis">
X [ <em class="replaceable"><code>name</code></em> ]
    [ , ... ]</pre></div><div class="refsect1" id="id-1.9.3.5"><h2>Notes</h2><div class="note"><h3 class="title">Note</h3><p>Mind <code>x</code>.</p></div>
      <div class="table" id="T"><p class="title"><strong>Table 1. Locks</strong></p><table><thead><tr><th rowspan="2">Mode</th><th colspan="2">Held</th></tr><tr><th>A</th><th>B</th></tr></thead>
      <tbody><tr><td rowspan="2">SHARE</td><td> </td><td>X</td></tr><tr><td>X</td></tr></tbody></table></div></div></div>`)
    expect(blocks).toEqual([
      { breadcrumb: [], anchor: 'SQL-X', kind: 'prose', term: null, text: 'X — do x' },
      { breadcrumb: ['Synopsis'], anchor: 'SQL-X', kind: 'synopsis', term: null, text: 'X [ name ]\n    [ , ... ]' },
      { breadcrumb: ['Notes'], anchor: 'id-1.9.3.5', kind: 'prose', term: null, text: 'Note: Mind x.' },
      {
        breadcrumb: ['Notes'],
        anchor: 'T',
        kind: 'table',
        term: null,
        text: 'Table 1. Locks\nMode | Held\nMode | A | B\n--- | --- | ---\nSHARE |  | X\nSHARE | X',
      },
    ])
  })

  test('of another version, or none, is told at once', async () => {
    const root = await files('other-version', { 'index.html': '<title>PostgreSQL 16.4 Documentation</title>', 'a.html': 'x' })
    const read = (path: string) => readAll(manualSource({ type: 'manual', name: 'm', postgres: 17, path }))
    await expect(read(root)).rejects.toThrow('holds the manual of Postgres 16, not of 17')
    await expect(read(folder)).rejects.toThrow('no index.html')
    await expect(read(join(folder, 'nowhere'))).rejects.toMatchObject({ name: 'UserError' })
  })
})

describe('release notes', () => {
  test('have an entry an item, but none for each name of those who helped', () => {
    const item = (text: string) => `<li class="listitem"><p>${text}</p></li>`
    const body = `<div class="sect1" id="RELEASE-17-2"><h2 class="title">E.3. Release 17.2</h2><p><strong>Release date: </strong>2024-11-21</p>
      <div class="sect2" id="R-C"><h3 class="title">E.3.2. Changes</h3><ul>${item('Repair ABI break for extensions that work with struct ResultRelInfo (Tom Lane) <a class="ulink" href="https://postgr.es/c/1">§</a></p><p>Last week.')}
      ${item('Restore functionality of ALTER ROLE SET ROLE and ALTER DATABASE SET ROLE (Tom Lane, Noah Misch)')}</ul></div>
      <div class="sect2" id="R-A"><h3 class="title">E.3.3. Acknowledgments</h3><ul>${item('Ada')}${item('Grace')}</ul></div></div>`
    const page = readManualPage(manualPage(body), { postgres: 17, file: 'release-17-2.html', itemsAreEntries: true })
    expect([page.title, page.date]).toEqual(['Server Configuration › Release 17.2', '2024-11-21'])
    expect(page.blocks.map(({ kind, breadcrumb, text }) => [kind, breadcrumb[0], text])).toEqual([
      ['prose', undefined, 'Release date: 2024-11-21'],
      ['entry', 'Changes', 'Repair ABI break for extensions that work with struct ResultRelInfo (Tom Lane)\n\nLast week.'],
      ['entry', 'Changes', 'Restore functionality of ALTER ROLE SET ROLE and ALTER DATABASE SET ROLE (Tom Lane, Noah Misch)'],
      ['prose', 'Acknowledgments', '- Ada\n- Grace'],
    ])
  })
})

describe('any HTML', () => {
  const texts = (html: string) => readHtml(html).blocks.map(({ text }) => text)

  test('broken, it is read as a browser reads it', () => {
    const { title, blocks } = readHtml(
      '<h1>Locks<p>One <b>two <i>three</b> four</i><div>five<li>six<table><tr><td>a<td>b<tr><td>c<td>d</table><h2 id=q>Next</h3>end <',
    )
    expect(title).toContain('Locks')
    const words = blocks.map((block) => block.text).join(' ')
    for (const word of ['One two three four', 'five', 'six', 'a | b', 'c | d']) expect(words).toContain(word)
  })

  test('scripts, styles, menus and what is hidden are no text; entities are characters', () => {
    expect(
      texts(`<title>T</title><script>var x = '<p>no'</script><style>p{}</style><nav>no</nav><div hidden>no</div><p style="display: none">no</p><template>no</template>
        <p>a &lt;b&gt; &amp;&nbsp;&eacute;&#8364;&#x1F418;&bogus; 2<sup>10</sup></p><footer>no</footer><noscript>no</noscript>`),
    ).toEqual(['a <b> & é€🐘&bogus; 2^10'])
  })

  test('zero-width and direction marks vanish, joiners in words stay', () => {
    expect(texts('<p>pg_\u200bcatalog\u00ad.\ufeff\u202epg_class\u202c a\u200db</p><p>می\u200cخواهم שלום</p>')).toEqual([
      'pg_catalog.pg_class ab\n\nمی\u200cخواهم שלום',
    ])
  })

  test('headings give sections, with ids of theirs, of what is around or right before', () => {
    const { blocks } = readHtml(
      '<main><h1>T</h1><p>0</p><section id="s"><h2>A</h2><p>1</p></section><h2 id="b">B<a class="headerlink" href="#b">¶</a></h2><p>2</p><a name="c"></a><h3>C</h3><p>3</p><h2>D</h2><p>4</p></main><p>outside',
    )
    expect(blocks.map(({ breadcrumb, anchor, text }) => [breadcrumb.join('/'), anchor, text])).toEqual([
      ['', null, '0'],
      ['A', 's', '1'],
      ['B', 'b', '2'],
      ['B/C', 'c', '3'],
      ['D', null, '4'],
    ])
  })

  test('what pgBackRest has in place of headings gives sections', () => {
    const { title, blocks } =
      readHtml(`<title>Configuration</title><div class="page-menu">no</div><div class="page-toc">no</div><div class="page-body"><div class="section1"><a id="archive"></a>
      <div class="section1-header"><div class="section1-title">Archive Options</div></div><div class="section2"><a id="archive/async"></a><div class="section2-title">Asynchronous (<span>--archive-async</span>)</div><p>Push.</p></div></div></div>`)
    expect([title, blocks]).toEqual([
      'Configuration',
      [
        {
          breadcrumb: ['Archive Options', 'Asynchronous (--archive-async)'],
          anchor: 'archive/async',
          kind: 'prose',
          term: null,
          text: 'Push.',
        },
      ],
    ])
  })

  test('tables that only lay out are read cell by cell', () => {
    expect(texts('<table><tr><td class="linenos"><pre>1\n2</pre></td><td><pre>select 1;\nselect 2;</pre></td></tr></table>')).toEqual([
      'select 1;\nselect 2;',
    ])
  })

  test('a span of a billion is not believed', () => {
    expect(texts('<table><tr><td rowspan=1000000000 colspan=1000000000>a</td></tr><tr><td>b</td></tr></table>').join()).toMatch(/^a/)
  })

  test('too deep or too many elements are told, not suffered', () => {
    expect(() => readHtml('<div>'.repeat(100_000))).toThrow('nested deeper')
    expect(() => readHtml('<b><i><u><s>'.repeat(10_000))).toThrow('nested deeper')
    expect(() => readHtml('<br>'.repeat(500_000))).toThrow('more than')
  })

  test('nothing of a page is lost', () => {
    const html = `<h1>T</h1><ul>A</ul><dl>B</dl>a <span>b <p>c</p> d</span> <ul><li>e<ul><li>f</ul>g<li><pre>h\ni</pre>j</ul><dl><dt>k<dd>l<dd>m<dt>n</dl><blockquote>o<p>p</blockquote>
      <details><summary>q</summary>r</details><figure><figcaption>s</figcaption></figure><dd>t</dd><center>u</center><ol start=7><li>v</ol><table><caption>w</caption><tr><th>x<td>y</table>z`
    const words = readHtml(html).blocks.flatMap((block) => block.text.match(/\b[a-zA-Z]\b/g) ?? [])
    expect(words.sort().join('')).toBe('ABabcdefghijklmnopqrstuvwxyz')
  })
})

describe('charsets', () => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1')
  test.each([
    ['utf-8 that says so', Buffer.from('<meta charset=utf-8><p>naïve – ü'), 0],
    ['utf-8 that says nothing', Buffer.from('<p>naïve – ü'), 0],
    ['utf-8 with a mark', Buffer.from('\ufeff<p>naïve – ü'), 0],
    ['utf-16 with a mark', Buffer.from('\ufeff<p>naïve – ü', 'utf16le'), 0],
    [
      'windows-1252 that says so',
      Buffer.concat([latin1('<meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><p>na\xefve \x96 \xfc')]),
      0,
    ],
    ['latin-1, which is windows-1252 for browsers', latin1('<?xml version="1.0" encoding="ISO-8859-1"?><p>na\xefve \x96 \xfc'), 0],
    ['windows-1252 that says nothing', latin1('<p>na\xefve \x96 \xfc'), 1],
    ['windows-1252 that says utf-8', latin1('<meta charset="utf-8"><p>na\xefve \x96 \xfc'), 1],
    ['utf-8 that says latin-1', Buffer.from('<meta charset="iso-8859-1"><p>naïve – ü'), 1],
    ['a charset nobody knows', latin1('<meta charset="klingon"><p>na\xefve \x96 \xfc'), 1],
  ])('%s', (_, content, problems) => {
    const page = readHtmlPage(content)
    expect(page.blocks[0]?.text).toBe('naïve – ü')
    expect(page.problems).toHaveLength(problems)
  })

  test('others are what they say', () => {
    expect(decode(Buffer.from([0xc2, 0xcf, 0xd2]), { declared: 'koi8-r' }).text).toBe('бор')
    expect(
      readHtmlPage(Buffer.concat([Buffer.from('<meta charset=shift_jis><p>'), Buffer.from([0x93, 0xfa, 0x96, 0x7b])])).blocks[0]?.text,
    ).toBe('日本')
    expect(readHtmlPage(Buffer.from('<p>x'), { charset: 'utf-8' }).problems).toEqual([])
  })

  test('what is no text is refused', () => {
    expect(() => decode(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1]))).toThrow(NotText)
  })

  test('a page that is cut in the middle of a character is still in its charset', async () => {
    const page = await readMarkup('a.md', Buffer.from(`a${'ü'.repeat(512 * 1024)}`))
    expect(page.problems).toEqual(['it is long, and only its first 512 KB were read'])
  })

  test('one broken character does not change the charset of the rest', () => {
    const { text, problems } = decode(Buffer.concat([Buffer.from('grün '.repeat(50)), Buffer.from([0xff]), Buffer.from(' ende')]))
    expect(text).toContain('grün \ufffd ende')
    expect(problems).toHaveLength(1)
  })
})

describe('Markdown', () => {
  test('has sections, code, tables, and settings as entries', async () => {
    const page = await markup(
      'config.md',
      `# pgbouncer.ini\n\nAbout *it*.\n\n## Generic settings\n\n### pool_mode\n\nWhen a connection\ncan be reused:\n\n    transaction\n\n## TLS {#tls}\n\n| a | b |\n|---|---|\n| 1 | \`x\\|y\` |\n
- **ttl**: the seconds after which the leader is believed to be gone, and a new one chosen\n- **loop_wait**: the seconds the loop sleeps before it looks again, at least one of them\n
\`\`\`sql\nselect 1;\n\`\`\`\n\n> [!NOTE]\n> Mind it.\n\n<!-- no --><a id="more"></a>\n\nMore &amp; more<br>here [text][1].\n\n[1]: https://example.com\n`,
    )
    expect(page.title).toBe('pgbouncer.ini')
    expect(page.blocks.map(({ kind, term, anchor, breadcrumb, text }) => [kind, term, anchor, breadcrumb.join('/'), text])).toEqual([
      ['prose', null, 'pgbouncerini', '', 'About it.'],
      ['entry', 'pool_mode', 'pool_mode', 'Generic settings/pool_mode', 'pool_mode\nWhen a connection can be reused:\n\ntransaction'],
      ['table', null, 'tls', 'TLS', 'a | b\n--- | ---\n1 | x|y'],
      ['entry', 'ttl', 'tls', 'TLS', 'ttl: the seconds after which the leader is believed to be gone, and a new one chosen'],
      ['entry', 'loop_wait', 'tls', 'TLS', 'loop_wait: the seconds the loop sleeps before it looks again, at least one of them'],
      ['code', null, 'tls', 'TLS', 'select 1;'],
      ['prose', null, 'tls', 'TLS', 'Note: Mind it.'],
      ['prose', null, 'more', 'TLS', 'More & more\nhere text.'],
    ])
  })

  test('has a setting that stands alone in a list with what is below it', async () => {
    const { blocks } = await markup('w.md', '# W\n\n* `WALG_A`\n\nOne.\n\n```\nx\n```\n\n* `WALG_B`\nTwo.\n\nThree.\n\n## End\n\nFour.\n')
    expect(blocks.map(({ term, text }) => [term, text])).toEqual([
      ['WALG_A', 'WALG_A\nOne.\n\nx'],
      ['WALG_B', 'WALG_B Two.\nThree.'],
      [null, 'Four.'],
    ])
  })

  test('has front matter, also a broken one', async () => {
    const good = await markup('a.md', '---\ntitle: How to lock\ndate: 2024-03-01\nauthor: Somebody Else\n---\nText.\n')
    expect([good.title, good.date, good.problems, good.blocks[0]?.text]).toEqual(['How to lock', '2024-03-01', [], 'Text.'])
    const broken = await markup('b.md', '---\ntitle: "never closed\n : [\n---\n# Title\n\nText.\n')
    expect([broken.title, broken.blocks.map((block) => block.text)]).toEqual(['Title', ['Text.']])
    expect(broken.problems[0]).toMatch(/front matter is not YAML/)
    const none = await markup('c.md', 'Text.\n\n---\n\nMore.\n')
    expect(none.blocks.map((block) => block.text)).toEqual(['Text.\n\nMore.'])
  })

  test.each([
    ['quotations', '>'.repeat(20_000)],
    ['links', '[a]('.repeat(20_000)],
    ['lists', Array.from({ length: 400 }, (_, at) => `${' '.repeat(at * 2)}- x`).join('\n')],
    ['HTML', '<div>'.repeat(20_000)],
    ['a table', `${'|a'.repeat(20_000)}\n${'|-'.repeat(20_000)}`],
  ])('made to be slow with %s, it is refused or read', async (_, text) => {
    await markup('a.md', text).catch((error) => expect(error).toMatchObject({ name: 'TooComplex' }))
  })
})

test('AsciiDoc has sections, entries, notes and code, and includes nothing', async () => {
  const page = await markup(
    'a.adoc',
    '= Tool\n\n[[install]]\n== Installing\n\ninclude::/etc/passwd[]\n\nNOTE: Careful.\n\n----\nmake  install\n----\n\narchive-mode:: The mode.\n\n|===\n|A |B\n\n|1 |2\n|===\n',
  )
  expect(page.title).toBe('Tool')
  expect(page.problems).toEqual(['its 1 includes are not read'])
  expect(page.blocks.map(({ kind, term, anchor, text }) => [kind, term, anchor, text])).toEqual([
    ['prose', null, 'install', '/etc/passwd\n\nNote: Careful.'],
    ['code', null, 'install', 'make  install'],
    ['entry', 'archive-mode', 'install', 'archive-mode\nThe mode.'],
    ['table', null, 'install', 'A | B\n--- | ---\n1 | 2'],
  ])
})

test('reStructuredText has sections, labels, nested settings, code, notes and tables', async () => {
  const page = await markup(
    'a.rst',
    `.. _dynamic_configuration:

=======
Dynamic
=======

Kept in the DCS, see :ref:\`REST API <rest_api>\` and \`this <https://example.com>\`__.

-  **loop\\_wait**: the number of seconds the loop will sleep, which is ten where nobody says otherwise
-  **postgresql**: what is Postgres's own

   -  **use\\_pg\\_rewind**: whether or not to use \`\`pg_rewind\`\`

.. warning::
    Follow the rule:

    .. code-block:: python

        loop_wait <= ttl

.. a comment

Slots
-----

For example::

    slots:
      a: 1

=====  =====
a      b
=====  =====
1      two
=====  =====
`,
  )
  expect(page.title).toBe('Dynamic')
  expect(page.blocks.map(({ kind, term, anchor, breadcrumb, text }) => [kind, term, anchor, breadcrumb.join('/'), text])).toEqual([
    ['prose', null, 'dynamic-configuration', '', 'Kept in the DCS, see REST API and this.'],
    [
      'entry',
      'loop_wait',
      'dynamic-configuration',
      '',
      'loop_wait: the number of seconds the loop will sleep, which is ten where nobody says otherwise',
    ],
    ['entry', 'postgresql', 'dynamic-configuration', '', "postgresql: what is Postgres's own"],
    ['entry', 'use_pg_rewind', 'dynamic-configuration', 'postgresql', 'use_pg_rewind: whether or not to use pg_rewind'],
    ['prose', null, 'dynamic-configuration', '', 'Warning: Follow the rule:'],
    ['code', null, 'dynamic-configuration', '', 'loop_wait <= ttl'],
    ['prose', null, 'slots', 'Slots', 'For example:'],
    ['code', null, 'slots', 'Slots', 'slots:\n  a: 1'],
    ['table', null, 'slots', 'Slots', 'a | b\n--- | ---\n1 | two'],
  ])
})

describe('a folder', () => {
  const tool = (path: string, more: object = {}) =>
    toolManualSource({ type: 'tool-manual', name: 't', title: 'Tool', url: 'https://example.com/docs', include: [], path, ...more })

  test('is read in one order, and a second time only where it changed', async () => {
    const root = await files('order', {
      'b.md': '# B\n\nb',
      'a/z.md': '# Z\n\nz',
      'a.md': '# A\n\na',
      'x.png': 'x',
      '.git/c.md': 'c',
      'node_modules/d.md': 'd',
      'a/$ x.html': '<p>y',
    })
    const first = await readAll(tool(root))
    expect(documentsOf(first).map(({ key, title, url }) => [key, title, url])).toEqual([
      ['a.md', 'Tool › A', 'https://example.com/docs/a.md'],
      ['a/$ x.html', 'Tool', 'https://example.com/docs/a/%24%20x.html'],
      ['a/z.md', 'Tool › Z', 'https://example.com/docs/a/z.md'],
      ['b.md', 'Tool › B', 'https://example.com/docs/b.md'],
    ])
    const known = new Map(documentsOf(first).map(({ key, revision }) => [key, revision]))
    await writeFile(join(root, 'b.md'), '# B\n\nc')
    expect((await readAll(tool(root), known)).map(({ kind }) => kind)).toEqual(['unchanged', 'unchanged', 'unchanged', 'document'])
    expect((await readAll(tool(root, { licence: 'MIT' }), known)).map(({ kind }) => kind)).toEqual([
      'document',
      'document',
      'document',
      'document',
    ])
  })

  test('gives addresses as the declaration says, and a single file its own', async () => {
    const root = await files('addresses', { 'docs/a.rst': 'A\n=\n\nx' })
    const [document] = documentsOf(await readAll(tool(root, { url: 'https://example.com/{name}.html', include: ['docs/*.rst'] })))
    expect(document?.url).toBe('https://example.com/docs/a.html')
    const [single] = documentsOf(await readAll(tool(join(root, 'docs/a.rst'), { url: 'https://example.com/blob/README.md' })))
    expect(single).toMatchObject({ key: 'a.rst', url: 'https://example.com/blob/README.md' })
  })

  test('leads nowhere else, and one bad file keeps no other from being read', async () => {
    const outside = await files('outside', { 'secret.md': '# Secret' })
    const root = await files('bad', {
      'binary.md': Buffer.from([1, 0, 2]),
      'deep.html': '<div>'.repeat(10_000),
      'empty.html': '',
      'good.md': '# Good\n\ntext',
      'latin.md': Buffer.from('na\xefve', 'latin1'),
    })
    await symlink(join(outside, 'secret.md'), join(root, 'link.md'))
    await symlink(outside, join(root, 'linked'))
    const items = await readAll(tool(root))
    expect(items.map((item) => (item.kind === 'document' ? [item.document.key, item.document.problems] : [item.kind, item]))).toEqual([
      ['failed', { kind: 'failed', key: 'binary.md', reason: 'it is not text: it holds bytes of zero' }],
      ['failed', { kind: 'failed', key: 'deep.html', reason: 'its elements are nested deeper than 500' }],
      ['empty.html', ['it holds no text']],
      ['good.md', []],
      ['latin.md', ['it does not say its charset; it was read as windows-1252']],
      ['failed', { kind: 'failed', key: 'link.md', reason: 'it is a symbolic link, which is not followed' }],
    ])
  })

  test('may hold a page of 50 MB: its beginning is read, all of it decides whether it changed', async () => {
    const root = await files('big', { 'big.html': `<h1>Big</h1><p>${'word '.repeat(200_000)}` })
    await truncate(join(root, 'big.html'), 50 * 1024 * 1024)
    const [document] = documentsOf(await readAll(tool(root)))
    expect(document?.title).toBe('Tool › Big')
    expect(document?.problems[0]).toBe('it is 50.0 MB long, and only its first 2.0 MB were read')
    await truncate(join(root, 'big.html'), 50 * 1024 * 1024 - 1)
    const [changed] = await readAll(tool(root), new Map([['big.html', document?.revision ?? '']]))
    expect(changed?.kind).toBe('document')
  })

  test('stops at the signal', async () => {
    const root = await files('signal', { 'a.md': 'a', 'b.md': 'b' })
    const controller = new AbortController()
    const source = tool(root).read(new Map(), { signal: controller.signal, progress: () => controller.abort(new Error('enough')) })
    await expect(readToEnd(source)).rejects.toThrow('enough')
  })
})

test('an article has the author and the trust of its declaration, whatever it says of itself', async () => {
  const path = await files('articles', { 'one.md': '---\ntitle: One\nauthor: Bruce Momjian\ntrust: highest\ndate: 2023-05-06\n---\nText.' })
  const declaration = {
    type: 'article',
    name: 'a',
    path,
    author: 'Ada',
    permission: 'Ada, by mail, 2024-01-02',
    url: 'https://example.com',
    verified: false,
  } as const
  const [document] = documentsOf(await readAll(articleSource(declaration)))
  expect(document).toMatchObject({ title: 'One', author: 'Ada', trust: 'unknown', date: '2023-05-06', licence: null, versions: null })
  const [verified] = documentsOf(await readAll(articleSource({ ...declaration, verified: true })))
  expect(verified).toMatchObject({ trust: 'high' })
})

describe.skipIf(!hasManual)('the manual of Postgres 15 (skipped where postgresql-doc-15 is not installed)', () => {
  const pages = new Map<string, KnowledgeDocument>()
  const problems: string[] = []
  const blocks = (file: string): Block[] => pages.get(file)?.blocks ?? []

  beforeAll(async () => {
    for (const source of [
      manualSource({ type: 'manual', name: 'm', postgres: 15, path: dirname(MANUAL) }),
      releaseNotesSource({ type: 'release-notes', name: 'r', postgres: 15, path: MANUAL }),
    ]) {
      for (const item of await readAll(source)) {
        if (item.kind === 'document') pages.set(item.document.key, item.document)
        else problems.push(JSON.stringify(item))
      }
    }
  }, 120_000)

  test('is read whole, without a problem', () => {
    expect(pages.size).toBeGreaterThan(1150)
    expect(problems).toEqual([])
    expect([...pages.values()].flatMap((page) => page.problems)).toEqual([])
  })

  test('has a block at every place its index points to', () => {
    const anchors = new Set([...pages.values()].flatMap(({ key, blocks: own }) => own.map((block) => `${key}#${block.anchor}`)))
    const index = pageText(join(MANUAL, 'bookindex.html')).links.filter((link) => link.includes('#') && !link.startsWith('#'))
    expect(index.length).toBeGreaterThan(400)
    expect(index.filter((link) => !anchors.has(link))).toEqual([])
  })

  test('loses no word of any page, and doubles none', () => {
    const wrong = [...pages].flatMap(([file, page]) => differences(join(MANUAL, file), page))
    expect(wrong).toEqual([])
  }, 120_000)

  test('has what people ask for in its place', () => {
    expect(blocks('sql-altertable.html').filter((block) => block.breadcrumb[0] === 'Notes')[0]?.text).toMatch(
      /^The key word COLUMN is noise/,
    )
    expect(blocks('runtime-config-wal.html').find((block) => block.term === 'max_wal_size')).toMatchObject({
      kind: 'entry',
      anchor: 'GUC-MAX-WAL-SIZE',
      breadcrumb: ['Checkpoints'],
    })
    expect(blocks('errcodes-appendix.html').find((block) => block.term === '40P01')).toMatchObject({
      kind: 'entry',
      breadcrumb: ['PostgreSQL Error Codes', 'Class 40 — Transaction Rollback'],
      text: 'Error Code: 40P01\nCondition Name: deadlock_detected',
    })
    expect(blocks('app-psql.html').find((block) => block.term?.startsWith('\\d[S+]'))?.kind).toBe('entry')
    expect(blocks('app-psql.html').find((block) => block.text.startsWith('-d dbname'))?.term).toBe('-d dbname, --dbname=dbname')
    expect(blocks('functions-string.html').find((block) => block.term === 'string_to_array')?.anchor).toBe('FUNCTION-STRING-TO-ARRAY')
    expect(blocks('functions-aggregate.html').find((block) => block.term === 'array_agg')?.text).toMatch(
      /^array_agg \( anynonarray \).*\nPartial Mode: No$/s,
    )
    expect(blocks('explicit-locking.html').find((block) => block.kind === 'table')?.text).toMatch(
      /ACCESS EXCL\.\n--- \|.*\nACCESS SHARE \|/s,
    )
    expect(blocks('sql-createindex.html').find((block) => block.kind === 'synopsis')?.text).toMatch(
      /^CREATE \[ UNIQUE \] INDEX \[ CONCURRENTLY \]/,
    )
    expect(pages.get('explicit-locking.html')?.title).toBe('Concurrency Control › Explicit Locking')
  })
})
