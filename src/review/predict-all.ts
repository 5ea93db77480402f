import type { Catalog } from '../sql/catalog.ts'
import type { Effects } from '../sql/effects.ts'
import { applyPrediction, predict } from '../sql/prediction/predict.ts'
import { createdKeysAfter } from '../sql/reader/mark-new.ts'
import type { Statement } from '../sql/statement.ts'

/** What the predictions of a script may rely on. */
export interface Known {
  /** The catalog before each statement; undefined without a clone, and for a statement about something that only the real database has. */
  catalogs: ReadonlyArray<Catalog | undefined> | undefined
  /** The catalog before the script. */
  before: Catalog | undefined
  /** Keys of what the change created before this script. */
  created: ReadonlySet<string>
  /** Statements of the change before this script. */
  earlier?: readonly Statement[]
  postgres: number
}

export interface Predicted {
  /** With the effect words of their operations filled. */
  statements: Statement[]
  /** By index of the statement. */
  effects: Effects[]
  /** Keys of what the change created, this script included. */
  created: string[]
}

/** Predicts the effects of each statement from what is known right before it. */
export function predictAll(statements: readonly Statement[], known: Known): Predicted {
  const result: Predicted = { statements: [], effects: [], created: [] }
  const earlier = [...(known.earlier ?? [])]
  let byScript = new Set<string>()
  let byChange = new Set(known.created)
  for (const [index, statement] of statements.entries()) {
    const catalog = known.catalogs?.[index]
    const before = byScript
    const existed = (key: string) => (known.before && isIn(known.before, key)) || (!(known.before && catalog) && !before.has(key))
    const prediction = predict(statement, { existed, postgres: known.postgres, earlier, ...(catalog && { catalog }) })
    byScript = createdKeysAfter([statement], byScript)
    const unused = byChange
    byChange = createdKeysAfter([statement], byChange)
    result.effects.push(prediction.effects)
    // What it drops or renames was nobody's until then, what it creates is nobody's from then on.
    applyPrediction(statement, prediction, new Set([...unused, ...byChange]))
    result.statements.push(statement)
    earlier.push(statement)
  }
  result.created = [...byChange]
  return result
}

function isIn({ relations, types }: Catalog, key: string): boolean {
  return relations.has(key) || types.has(key)
}
