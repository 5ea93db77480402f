/** From the parser's node to its reader. */
import { readAlterTable } from './alter-table.ts'
import { readCall, readCopy, readDelete, readInsert, readMerge, readSelect, readUpdate } from './data.ts'
import {
  namedBy,
  readAlterExtension,
  readAlterPublication,
  readComment,
  readCreateExtension,
  readCreatePublication,
  readCreateSchema,
} from './database-objects.ts'
import { type Command, type Draft, type Reader, type Reading, single } from './draft.ts'
import { readDrop, readDropDatabase, readDropRole, readDropSubscription } from './drops.ts'
import { callsIn } from './expressions.ts'
import { readAlterFunction, readCreateFunction, readDo } from './functions.ts'
import { readDefaultPrivileges, readGrant, readGrantRole } from './grants.ts'
import { readCreateIndex, readReindex } from './indexes.ts'
import { wordOf } from './lexer.ts'
import type { Node } from './parser.ts'
import { tablesRead, tablesWritten } from './queries.ts'
import { readDepends, readMoveAll, readOwner, readRename, readSetSchema } from './renames.ts'
import { readDiscard, readSet } from './settings.ts'
import { readCluster, readCreateForeignTable, readCreateTable, readLock, readTruncate, readVacuum } from './tables.ts'
import { readSetConstraints, readTransaction } from './transactions.ts'
import {
  readAlterPolicy,
  readAlterStatistics,
  readCreatePolicy,
  readCreateRule,
  readCreateStatistics,
  readCreateTrigger,
} from './triggers.ts'
import {
  readAlterBaseType,
  readAlterDomain,
  readAlterEnum,
  readAlterSequence,
  readCreateComposite,
  readCreateDomain,
  readCreateEnum,
  readCreateRange,
  readCreateSequence,
  readDefine,
} from './type-commands.ts'
import { readCreateTableAs, readCreateView, readRefresh } from './views.ts'

const READERS: Record<string, Reader> = {
  CreateStmt: (node, reading) => readCreateTable(node, reading),
  CreateForeignTableStmt: readCreateForeignTable,
  CreateTableAsStmt: readCreateTableAs,
  AlterTableStmt: readAlterTable,
  AlterTableMoveAllStmt: readMoveAll,
  TruncateStmt: readTruncate,
  LockStmt: readLock,
  VacuumStmt: readVacuum,
  ClusterStmt: readCluster,
  IndexStmt: readCreateIndex,
  ReindexStmt: readReindex,
  ViewStmt: readCreateView,
  RefreshMatViewStmt: readRefresh,
  DropStmt: readDrop,
  RenameStmt: readRename,
  AlterOwnerStmt: readOwner,
  AlterObjectSchemaStmt: readSetSchema,
  AlterObjectDependsStmt: readDepends,
  CreateTrigStmt: readCreateTrigger,
  RuleStmt: readCreateRule,
  CreatePolicyStmt: readCreatePolicy,
  AlterPolicyStmt: readAlterPolicy,
  CreateStatsStmt: readCreateStatistics,
  AlterStatsStmt: readAlterStatistics,
  CreateEnumStmt: readCreateEnum,
  CompositeTypeStmt: readCreateComposite,
  CreateRangeStmt: readCreateRange,
  DefineStmt: readDefine,
  AlterEnumStmt: readAlterEnum,
  AlterTypeStmt: readAlterBaseType,
  CreateDomainStmt: readCreateDomain,
  AlterDomainStmt: readAlterDomain,
  CreateSeqStmt: readCreateSequence,
  AlterSeqStmt: readAlterSequence,
  CreateFunctionStmt: readCreateFunction,
  AlterFunctionStmt: readAlterFunction,
  DoStmt: readDo,
  CallStmt: readCall,
  SelectStmt: readSelect,
  InsertStmt: readInsert,
  UpdateStmt: readUpdate,
  DeleteStmt: readDelete,
  MergeStmt: readMerge,
  CopyStmt: readCopy,
  VariableSetStmt: readSet,
  DiscardStmt: readDiscard,
  ConstraintsSetStmt: readSetConstraints,
  TransactionStmt: readTransaction,
  GrantStmt: readGrant,
  GrantRoleStmt: readGrantRole,
  AlterDefaultPrivilegesStmt: readDefaultPrivileges,
  CommentStmt: readComment,
  CreateSchemaStmt: readSchema,
  CreateExtensionStmt: readCreateExtension,
  AlterExtensionStmt: readAlterExtension,
  AlterExtensionContentsStmt: readAlterExtension,
  CreateRoleStmt: namedBy('create role', 'role'),
  AlterRoleStmt: namedBy('alter role', 'role'),
  AlterRoleSetStmt: namedBy('alter role', 'role'),
  DropRoleStmt: readDropRole,
  CreatedbStmt: namedBy('create database', 'dbname'),
  AlterDatabaseStmt: namedBy('alter database', 'dbname'),
  AlterDatabaseSetStmt: namedBy('alter database', 'dbname'),
  AlterDatabaseRefreshCollStmt: namedBy('alter database', 'dbname'),
  DropdbStmt: readDropDatabase,
  CreatePublicationStmt: readCreatePublication,
  AlterPublicationStmt: readAlterPublication,
  CreateSubscriptionStmt: namedBy('create subscription', 'subname'),
  AlterSubscriptionStmt: namedBy('alter subscription', 'subname'),
  DropSubscriptionStmt: readDropSubscription,
  AlterSystemStmt: () => single('alter system'),
  DeclareCursorStmt: readDeclareCursor,
  PrepareStmt: (node, { names }) =>
    single('prepare', { name: node.name, reads: tablesRead(node.query, names), writes: tablesWritten(node.query, names) }),
  ExecuteStmt: (node) => single('execute', { dynamic: false, name: node.name }),
  DeallocateStmt: () => single('deallocate'),
  ExplainStmt: readExplain,
}

/** Reads one statement. One without words of its own is `other`, tagged with the command as written. */
export function readCommand(statement: Node, reading: Reading): Command {
  const [type, node] = Object.entries(statement)[0] ?? ['', {}]
  const read = READERS[type]
  if (read) return read(node, reading)
  const tag = leadingWords(reading)
  return { kind: tag, drafts: [{ action: 'other', tag }] }
}

/** EXPLAIN ANALYZE runs its statement, EXPLAIN alone plans it. */
function readExplain(node: Node, reading: Reading): Command {
  const analyze = (node.options ?? []).some((one: Node) => one.DefElem.defname === 'analyze')
  const inner = analyze ? readCommand(node.query, reading) : undefined
  const held = (inner?.drafts ?? []).map((draft): Draft => ({ statement: inner?.kind ?? '', ...draft }))
  const words = {
    reads: tablesRead(node.query, reading.names),
    writes: tablesWritten(node.query, reading.names),
    calls: callsIn(node.query, reading.names),
  }
  return { kind: 'explain', drafts: [{ action: 'explain', analyze, ...words }, ...held] }
}

function readDeclareCursor(node: Node, { names }: Reading): Command {
  const words = { name: node.portalname, reads: tablesRead(node.query, names), calls: callsIn(node.query, names) }
  return { kind: 'declare', drafts: [{ action: 'declare cursor', ...words }] }
}

/** CREATE SCHEMA can hold the definitions of what goes into it. */
function readSchema(node: Node, reading: Reading): Command {
  const schema = readCreateSchema(node)
  const inside: Reading = { ...reading, names: { ...reading.names, searchPath: [node.schemaname ?? node.authrole?.rolename ?? 'public'] } }
  const held = (node.schemaElts ?? []).flatMap((one: Node) => {
    const { kind, drafts } = readCommand(one, inside)
    return drafts.map((draft): Draft => ({ statement: kind, ...draft }))
  })
  return { kind: 'create schema', drafts: [...schema.drafts, ...held] }
}

const OBJECT_VERBS = new Set(['create', 'alter', 'drop'])
const SKIPPED = new Set(['or', 'replace', 'trusted', 'procedural', 'default'])

/** `listen`, `checkpoint`, `create event trigger`: the command of a statement, from its first words. */
function leadingWords({ source }: Reading): string {
  const tokens = source.tokens()
  const words: string[] = []
  for (const token of tokens.slice(0, 8)) {
    if (token.kind !== 'word') break
    const word = wordOf(source.text, token)
    if (!SKIPPED.has(word)) words.push(word)
  }
  const [verb = 'unknown', ...objects] = words
  if (!OBJECT_VERBS.has(verb)) return LONGER[verb] ?? verb
  const end = objects.findIndex((word, index) => index > 0 && !OBJECT_WORDS.has(word))
  return [verb, ...objects.slice(0, end < 0 ? objects.length : end)].join(' ')
}

const LONGER: Record<string, string> = { reassign: 'reassign owned', import: 'import foreign schema', security: 'security label' }

/** Words an object's kind goes on with after its first. */
const OBJECT_WORDS = new Set([
  'trigger',
  'data',
  'wrapper',
  'mapping',
  'method',
  'class',
  'family',
  'search',
  'configuration',
  'dictionary',
  'parser',
  'template',
])
