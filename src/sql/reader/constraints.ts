/** Constraints, on a column, in a table or added to one. */
import type { ConstraintWords } from '../operation.ts'
import type { Reading } from './draft.ts'
import { strings, tableOf } from './names.ts'
import type { Node } from './parser.ts'
import { parenthesisedAfter } from './source.ts'

const TYPES: Record<string, NonNullable<ConstraintWords['type']>> = {
  CONSTR_FOREIGN: 'foreign key',
  CONSTR_CHECK: 'check',
  CONSTR_UNIQUE: 'unique',
  CONSTR_PRIMARY: 'primary key',
  CONSTR_EXCLUSION: 'exclusion',
  CONSTR_NOTNULL: 'not null',
}
const REFERENTIAL_ACTIONS: Record<string, string> = { a: 'no action', r: 'restrict', c: 'cascade', n: 'set null', d: 'set default' }

/** The constraint's kind; undefined for DEFAULT, GENERATED and the like, which the parser calls constraints too. */
export function constraintType(constraint: Node): ConstraintWords['type'] {
  return TYPES[constraint.contype]
}

/** The words of a constraint; `column` when it is written on one. */
export function constraintWords(constraint: Node, reading: Reading, column?: string): ConstraintWords {
  const type = constraintType(constraint)
  return {
    ...(constraint.conname && { name: constraint.conname }),
    ...(type && { type }),
    valid: !constraint.skip_validation,
    enforced: type === 'check' || type === 'foreign key' ? constraint.is_enforced === true : true,
    ...(constraint.indexname && { index: constraint.indexname }),
    columns: column === undefined ? columnsOf(constraint) : [column],
    ...(type === 'foreign key' && foreignKeyWords(constraint, reading)),
    deferrable: constraint.deferrable === true,
    ...(constraint.initdeferred && { initiallyDeferred: true }),
    ...(constraint.is_no_inherit && { noInherit: true }),
    ...(constraint.nulls_not_distinct && { nullsNotDistinct: true }),
    ...(type === 'exclusion' && { method: constraint.access_method ?? 'btree' }),
    inline: column !== undefined,
    ...(type === 'check' && checkWords(constraint, reading)),
  }
}

/** Constraints of a column come one after the other; DEFERRABLE and NOT ENFORCED are nodes that speak of the one before. */
export function gathered(constraints: Node[] | undefined): Node[] {
  const whole: Node[] = []
  for (const { Constraint: one } of constraints ?? []) {
    const last = whole.at(-1)
    switch (one.contype) {
      case 'CONSTR_ATTR_DEFERRABLE':
        if (last) last.deferrable = true
        break
      case 'CONSTR_ATTR_DEFERRED':
        if (last) Object.assign(last, { deferrable: true, initdeferred: true })
        break
      case 'CONSTR_ATTR_NOT_ENFORCED':
        if (last) Object.assign(last, { is_enforced: false, skip_validation: true })
        break
      case 'CONSTR_ATTR_NOT_DEFERRABLE':
      case 'CONSTR_ATTR_IMMEDIATE':
      case 'CONSTR_ATTR_ENFORCED':
        break
      default:
        whole.push({ ...one })
    }
  }
  return whole
}

function columnsOf(constraint: Node): string[] {
  if (constraint.fk_attrs) return strings(constraint.fk_attrs)
  if (constraint.exclusions) return constraint.exclusions.map((one: Node) => one.List.items[0].IndexElem?.name ?? '(…)')
  return strings(constraint.keys)
}

function foreignKeyWords(constraint: Node, { names }: Reading): Partial<ConstraintWords> {
  return {
    references: { table: tableOf(constraint.pktable, names), columns: strings(constraint.pk_attrs) },
    onDelete: REFERENTIAL_ACTIONS[constraint.fk_del_action] ?? 'no action',
    onUpdate: REFERENTIAL_ACTIONS[constraint.fk_upd_action] ?? 'no action',
    ...(constraint.fk_del_set_cols && { onDeleteColumns: strings(constraint.fk_del_set_cols) }),
    ...(constraint.fk_matchtype === 'f' && { match: 'full' as const }),
  }
}

function checkWords(constraint: Node, { source }: Reading): Partial<ConstraintWords> {
  const expression = parenthesisedAfter(source, 'check', constraint.raw_expr ?? {})
  return expression === undefined ? {} : { expression }
}
