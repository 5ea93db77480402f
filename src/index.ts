/** What other programs may import: the shape of a review, and of the configuration. The command line is the interface; `--format json` the contract. */
export type { Config } from './config.ts'
export type { Finding, Verdict } from './review/finding.ts'
export type { Review } from './review/review.ts'
export type { Effects, IndexBuild, LockMode, RelationLock } from './sql/effects.ts'
