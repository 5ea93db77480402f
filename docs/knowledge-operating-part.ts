/** What docs/knowledge.md says of keeping a knowledge base in order, and of carrying it elsewhere. */
export const OPERATING = `## How it is doing

\`pgwitness kb stats\` says of each source how much there is (documents, passages, tokens as embedding models count them), from when its documents are, when it was last synced, what it takes
on disk, and how many vectors are missing; and what it would cost to embed everything anew. Sums are kept as documents are stored: a million passages are told of in a second. Sources of
one type share a table, so their sizes (marked \`~\`) are parted by their words. Prices are those of \`text-embedding-3-small\` and \`text-embedding-3-large\` as OpenAI's page had them on the
day that is printed with them; of any other model say it with \`PGWITNESS_EMBEDDING_PRICE\`.

\`pgwitness kb doctor\` looks for what goes wrong, and says what to do. \`--fix\` mends what can be mended without losing anything. Its exit code is 1 while there are problems.

| problem | is | \`--fix\` |
|---|---|---|
| orphans | passages without a document, documents without a source, passages in the table of another type, vectors without a passage or a model | removes what nothing can show; the others have to be synced |
| missing-vectors | passages that the model in use has no vector of | no, as it costs money: \`kb sync\`, or \`kb embed\` |
| broken-anchors | links in manuals, release notes, articles and source code to a page that is here, with an anchor that the page does not have (\`/docs/current/\` is the newest version there is); anchors no address can have | no |
| invalid-indexes | left when an index was built or rebuilt concurrently and that was cut off | drops or rebuilds it, concurrently |
| duplicates | documents with passages twice; a source that was declared twice | marks the documents, and the next sync reads them anew |
| unfinished | documents with passages missing; sources never read to their end | marks the documents, and the next sync reads them anew |
| not-synced | sources not synced for \`--stale-days\` | no |
| not-analyzed | tables that the planner has no statistics of | analyzes them |
| wrong-sums | sums of a source that are not what is there | puts them right |

## One file for a team

\`\`\`sh
pgwitness kb export knowledge.kb                 # on the machine that has the sources, and has paid for the vectors
DATABASE_URL=postgres://… pgwitness kb import knowledge.kb
\`\`\`

\`kb export\` writes whole sources at one moment: texts with their addresses, authors, dates, licences and trust, declarations with who permitted what, and the vectors of the model in use. The file
appears when it is complete. \`kb import\` takes it over, into embedded storage or a server, empty or not:

- **Whole sources are replaced, by name.** Sources that the file does not have stay. \`--only NAME\` takes some; \`--dry-run\` checks the file and says what would be done.
- **Nothing is stored of a file that is not right.** It is read to its end first: its checksum (SHA-256), its format, every record of it, their order and their counts. A file that was cut off or
  changed, unpacks to a hundred times its size, or holds what an export would not write is refused.
- **Cut off, it goes on.** Documents are replaced one by one, as a sync does, and those that are the same already stay as they are. Until its end a source counts as never synced, which \`kb doctor\` tells.
- **Vectors** are taken if they are of the model and the dimensions that are configured, or stored already; into a base without either they are stored for whoever configures that model. Otherwise they
  are left out, and that is said.
- **Paths of the exporting machine are not followed.** A source that was read from one says so in \`kb list\`, is left alone by \`kb sync\`, and is pointed to a place of yours with
  \`kb add --name NAME … --path DIR\`. It stays there when a newer file is imported; what has not changed costs nothing then.

The checksum tells of accidents, not of intent: a file's texts answer and are cited like your own, so import only files of people you trust. It holds the texts of all sources
that are exported, and the paths they were read from.

The format is a line \`PGWITNESS KNOWLEDGE 1\`, JSON lines in one zstd frame (a header, then each source, its documents by key and their passages, and an end), and 32 bytes of SHA-256.`
