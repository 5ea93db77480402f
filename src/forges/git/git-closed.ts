/** Git cannot be used here, the API may: not installed, too old, not let in. Its message is a part of a sentence for the reader. */
export class GitClosed extends Error {
  override name = 'GitClosed'
}

/** What is in the cache cannot be right. It is removed and fetched anew. */
export class CorruptedCache extends Error {
  override name = 'CorruptedCache'
}
