/** What docs/knowledge.md says of search by meaning. */
export const MEANING = `## Search by meaning

Full text finds what is said in the question's words, or in others that are known to mean the same. With a model configured, passages that mean the same are found as well:

\`\`\`sh
export PGWITNESS_EMBEDDING_MODEL=text-embedding-3-small OPENAI_API_KEY=…
pgwitness kb embed --dry-run   # how much there is to embed, and what that costs
pgwitness kb embed             # from then on each kb sync embeds what is new
\`\`\`

Any endpoint that speaks OpenAI's API will do, also one in your own network: \`PGWITNESS_EMBEDDING_URL=http://localhost:11434/v1 PGWITNESS_EMBEDDING_MODEL=nomic-embed-text
PGWITNESS_EMBEDDING_DIMENSIONS=768\` is Ollama. It is asked at the pace it tells, and a run that is stopped or fails goes on where it was: what was embedded stays, and nothing is sent twice.

**Another model** (or other dimensions): all passages are embedded anew, by \`kb embed\` or the next \`kb sync\`. Meanwhile searches use the vectors there were, for which the endpoint has to
know the old model too. When the new ones are all there searches use them, and the old ones are dropped.

**On a server** this needs pgvector: version 0.8 is best, 0.5 has HNSW indexes, 0.7 vectors of half the size. Where there is none, or the role may not install it, search is by words alone,
and \`kb sync\` and \`kb embed\` say so. Indexes are built concurrently when vectors are complete; with \`maintenance_work_mem\` at 512 MB or more a hundred thousand take minutes,
with less several times as long. Embedded storage has pgvector.`
