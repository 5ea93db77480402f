/** ALTER TABLE and its kin: one operation a subcommand. */
import type { TableWords } from '../operation.ts'
import { typeOf } from './column-types.ts'
import { columnDrafts, defaultWords } from './columns.ts'
import { constraintWords } from './constraints.ts'
import type { Command, Draft, Reading } from './draft.ts'
import { callsIn } from './expressions.ts'
import { keyOfPath, strings, tableOf } from './names.ts'
import { objectWords } from './object-words.ts'
import type { Node } from './parser.ts'
import { boundsAt, expressionAfter, parenthesisedAfter } from './source.ts'
import { isOn } from './tables.ts'
import { readAlterCompositeType } from './type-commands.ts'

/** What one subcommand is read from. */
interface Subcommand {
  /** The AlterTableCmd. */
  command: Node
  table: TableWords
  reading: Reading
}
type SubcommandReader = (subcommand: Subcommand) => Draft[]

export function readAlterTable(node: Node, reading: Reading): Command {
  const object = objectWords(node.objtype)
  if (object === 'type') return readAlterCompositeType(node, reading)
  const table = tableOf(node.relation, reading.names)
  const drafts = (node.cmds as Node[]).flatMap(({ AlterTableCmd: command }) => {
    const read = SUBCOMMANDS[command.subtype] ?? (() => [{ action: 'other', tag: `alter ${object}` }])
    const index = object === 'index' ? { index: { name: table.name, schema: table.schema } } : {}
    return read({ command, table, reading }).map((draft) => ({
      table,
      object,
      only: node.relation.inh !== true,
      ...index,
      ...draft,
      ...guard(node, draft),
    }))
  })
  return { kind: `alter ${object}`, drafts }
}

/** `alter table if exists` says nothing of the subcommand, so it has a word of its own. */
function guard(node: Node, draft: Draft): { tableGuarded?: true } {
  return node.missing_ok && draft.action !== 'add constraint' ? { tableGuarded: true } : {}
}

const guarded = (command: Node) => command.missing_ok === true
const cascade = (command: Node) => command.behavior === 'DROP_CASCADE'
const onColumn =
  (action: string): SubcommandReader =>
  ({ command }) => [{ action, column: { name: command.name } }]
const plain =
  (action: string): SubcommandReader =>
  () => [{ action }]
const named =
  (action: string): SubcommandReader =>
  ({ command }) => [{ action, to: command.name ?? 'default' }]
const trigger =
  (action: string, fires: string): SubcommandReader =>
  ({ command }) => [{ action, name: command.name ?? 'all', fires }]
const rule =
  (action: string, fires: string): SubcommandReader =>
  ({ command }) => [{ action, name: command.name, fires }]

const SUBCOMMANDS: Record<string, SubcommandReader> = {
  AT_AddColumn: ({ command, table, reading }) =>
    columnDrafts('add column', table, command.def.ColumnDef, reading, { guarded: guarded(command) }),
  AT_DropColumn: ({ command }) => [
    { action: 'drop column', column: { name: command.name }, guarded: guarded(command), cascade: cascade(command) },
  ],
  AT_AlterColumnType: alterColumnType,
  AT_ColumnDefault: columnDefault,
  AT_SetNotNull: onColumn('set not null'),
  AT_DropNotNull: onColumn('drop not null'),
  AT_AddIdentity: onColumn('add identity'),
  AT_SetIdentity: onColumn('set identity'),
  AT_DropIdentity: ({ command }) => [{ action: 'drop identity', column: { name: command.name }, guarded: guarded(command) }],
  AT_SetExpression: setExpression,
  AT_DropExpression: ({ command }) => [{ action: 'drop expression', column: { name: command.name }, guarded: guarded(command) }],
  AT_SetStatistics: ({ command }) => [{ action: 'set statistics', ...(command.name && { column: { name: command.name } }) }],
  AT_SetStorage: onColumn('set storage'),
  AT_SetCompression: onColumn('set compression'),
  AT_SetOptions: onColumn('set column options'),
  AT_ResetOptions: onColumn('set column options'),
  AT_AlterColumnGenericOptions: onColumn('set column options'),
  AT_AddConstraint: ({ command, reading }) => [
    {
      action: 'add constraint',
      constraint: constraintWords(command.def.Constraint, reading),
      calls: callsIn(command.def.Constraint.raw_expr, reading.names),
    },
  ],
  AT_AlterConstraint: alterConstraint,
  AT_ValidateConstraint: ({ command }) => [{ action: 'validate constraint', constraint: { name: command.name } }],
  AT_DropConstraint: ({ command }) => [
    { action: 'drop constraint', constraint: { name: command.name }, guarded: guarded(command), cascade: cascade(command) },
  ],
  AT_SetTableSpace: named('set tablespace'),
  AT_SetAccessMethod: named('set access method'),
  AT_SetLogged: plain('set logged'),
  AT_SetUnLogged: plain('set unlogged'),
  AT_SetRelOptions: ({ command }) => [{ action: 'set options', ...optionWords(command) }],
  AT_ResetRelOptions: ({ command }) => [{ action: 'reset options', ...optionWords(command) }],
  AT_GenericOptions: ({ command }) => [{ action: 'set options', ...optionWords(command) }],
  AT_ClusterOn: ({ command }) => [{ action: 'cluster on', index: { name: command.name } }],
  AT_DropCluster: plain('set without cluster'),
  AT_DropOids: plain('set without oids'),
  AT_EnableTrig: trigger('enable trigger', 'origin'),
  AT_EnableAlwaysTrig: trigger('enable trigger', 'always'),
  AT_EnableReplicaTrig: trigger('enable trigger', 'replica'),
  AT_EnableTrigAll: ({ command }) => [{ action: 'enable trigger', name: command.name ?? 'all', fires: 'origin' }],
  AT_EnableTrigUser: () => [{ action: 'enable trigger', name: 'user', fires: 'origin' }],
  AT_DisableTrig: trigger('disable trigger', 'never'),
  AT_DisableTrigAll: trigger('disable trigger', 'never'),
  AT_DisableTrigUser: () => [{ action: 'disable trigger', name: 'user', fires: 'never' }],
  AT_EnableRule: rule('enable rule', 'origin'),
  AT_EnableAlwaysRule: rule('enable rule', 'always'),
  AT_EnableReplicaRule: rule('enable rule', 'replica'),
  AT_DisableRule: rule('disable rule', 'never'),
  AT_EnableRowSecurity: plain('enable row level security'),
  AT_DisableRowSecurity: plain('disable row level security'),
  AT_ForceRowSecurity: plain('force row level security'),
  AT_NoForceRowSecurity: plain('no force row level security'),
  AT_AddInherit: ({ command, reading }) => [{ action: 'inherit', parent: tableOf(command.def.RangeVar, reading.names).key }],
  AT_DropInherit: ({ command, reading }) => [{ action: 'no inherit', parent: tableOf(command.def.RangeVar, reading.names).key }],
  AT_AddOf: ({ command, reading }) => [{ action: 'of', type: keyOfPath(strings(command.def.TypeName.names), reading.names) }],
  AT_DropOf: plain('not of'),
  AT_ChangeOwner: ({ command }) => [{ action: 'owner to', to: roleOf(command.newowner) }],
  AT_ReplicaIdentity: replicaIdentity,
  AT_AttachPartition: attachPartition,
  AT_DetachPartition: ({ command, reading }) => [
    {
      action: 'detach partition',
      partition: tableOf(command.def.PartitionCmd.name, reading.names).key,
      concurrently: command.def.PartitionCmd.concurrent === true,
      finalize: false,
    },
  ],
  AT_DetachPartitionFinalize: ({ command, reading }) => [
    {
      action: 'detach partition',
      partition: tableOf(command.def.PartitionCmd.name, reading.names).key,
      concurrently: false,
      finalize: true,
    },
  ],
}

function alterColumnType({ command, reading }: Subcommand): Draft[] {
  const definition: Node = command.def.ColumnDef
  const using = definition.raw_default && expressionAfter(reading.source, 'using', definition.raw_default)
  const collation = strings(definition.collClause?.collname).join('.')
  const column = { name: command.name, ...typeOf(definition.typeName), ...(collation && { collation }) }
  return [
    {
      action: 'alter column type',
      column,
      ...(using && { using }),
      ...(collation && { collation }),
      calls: callsIn(definition.raw_default, reading.names),
    },
  ]
}

function columnDefault({ command, reading }: Subcommand): Draft[] {
  if (!command.def) return [{ action: 'drop default', column: { name: command.name } }]
  return [
    {
      action: 'set default',
      column: { name: command.name, ...defaultWords(command.def, reading.source, new Set()) },
      calls: callsIn(command.def, reading.names),
    },
  ]
}

function setExpression({ command, reading }: Subcommand): Draft[] {
  const generatedExpression = parenthesisedAfter(reading.source, 'as', command.def)
  return [
    {
      action: 'set expression',
      column: { name: command.name, ...(generatedExpression && { generatedExpression }) },
      calls: callsIn(command.def, reading.names),
    },
  ]
}

function alterConstraint({ command }: Subcommand): Draft[] {
  const change: Node = command.def.ATAlterConstraint
  const constraint = {
    name: change.conname,
    ...(change.alterDeferrability && { deferrable: change.deferrable === true }),
    ...(change.alterEnforceability && { enforced: change.is_enforced === true }),
    ...(change.alterInheritability && { noInherit: change.noinherit === true }),
  }
  return [{ action: 'alter constraint', constraint }]
}

const IDENTITIES: Record<string, string> = { d: 'default', f: 'full', n: 'nothing', i: 'index' }

function replicaIdentity({ command }: Subcommand): Draft[] {
  const identity: Node = command.def.ReplicaIdentityStmt
  return [
    {
      action: 'replica identity',
      to: IDENTITIES[identity.identity_type] ?? 'default',
      ...(identity.name && { index: { name: identity.name } }),
    },
  ]
}

function attachPartition({ command, reading }: Subcommand): Draft[] {
  const { name, bound } = command.def.PartitionCmd
  const partition = tableOf(name, reading.names).key
  // ALTER INDEX … ATTACH PARTITION is the same node without bounds.
  if (!bound) return [{ action: 'attach index', partition }]
  return [{ action: 'attach partition', partition, default: bound.is_default === true, bounds: boundsAt(reading.source, bound.location) }]
}

function optionWords(command: Node): { options: string[]; autovacuumOff: boolean } {
  const options: Node[] = (command.def?.List?.items ?? (Array.isArray(command.def) ? command.def : [])).map((one: Node) => one.DefElem)
  const off = options.some((one) => one.defname === 'autovacuum_enabled' && !isOn(one))
  return { options: options.map((one) => one.defname), autovacuumOff: off }
}

export function roleOf(role: Node | undefined): string {
  return (
    role?.rolename ??
    String(role?.roletype ?? '')
      .replace('ROLESPEC_', '')
      .toLowerCase()
  )
}
