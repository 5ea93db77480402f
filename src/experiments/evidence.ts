import type { Effects } from '../sql/effects.ts'

/** Something measured or quoted, never something said by a model. */
export type Evidence = {
  /** `e1`, `e2`, …: unique in a review. */
  id: string
  /** One sentence with the numbers. */
  summary: string
  /** A command or SQL that shows it again. */
  reproduce: string
} & (
  | { kind: 'effects'; clone: string; effects: Effects }
  | { kind: 'outcome'; clone: string; code: string | null; message: string }
  | { kind: 'experiment'; experiment: string; clone: string; result: object }
  | { kind: 'catalog'; clone: string; rows: Array<Record<string, string>> }
)
