/** Functions, procedures and DO blocks; what their bodies hold is read in bodies.ts. */
import { type BodyWords, readPlpgsqlBody, readSqlBody } from './bodies.ts'
import type { Command, Reading } from './draft.ts'
import { keyOfPath, strings } from './names.ts'
import type { Node } from './parser.ts'
import { settingValue } from './settings.ts'

export function readDo(node: Node, reading: Reading): Command {
  const language = option(node.args, 'language')?.arg?.String?.sval ?? 'plpgsql'
  const body = option(node.args, 'as')?.arg?.String?.sval ?? ''
  const held = language === 'plpgsql' ? readPlpgsqlBody(body, reading, { inside: 'do' }) : []
  return { kind: 'do', drafts: [{ action: 'do', language }, ...held] }
}

export function readCreateFunction(node: Node, reading: Reading): Command {
  const object = node.is_procedure ? 'procedure' : 'function'
  const ownSettings = settingsOf(node.options, reading)
  const language = option(node.options, 'language')?.arg?.String?.sval?.toLowerCase() ?? 'sql'
  const draft = {
    action: 'create function',
    name: keyOfPath(strings(node.funcname), reading.names),
    object,
    language,
    replace: node.replace === true,
    securityDefiner: option(node.options, 'security')?.arg?.Boolean?.boolval === true,
    searchPath: ownSettings.search_path !== undefined,
    volatility: option(node.options, 'volatility')?.arg?.String?.sval ?? 'volatile',
  }
  return { kind: `create ${object}`, drafts: [draft, ...bodyDrafts(node, language, reading, { inside: 'function', ownSettings })] }
}

export function readAlterFunction(node: Node, { names }: Reading): Command {
  const object = String(node.objtype ?? 'OBJECT_FUNCTION')
    .replace('OBJECT_', '')
    .toLowerCase()
  return { kind: `alter ${object}`, drafts: [{ action: 'alter function', name: keyOfPath(strings(node.func?.objname), names), object }] }
}

function bodyDrafts(node: Node, language: string, reading: Reading, words: BodyWords) {
  if (node.sql_body) return readSqlBody(node.sql_body, reading, words)
  const body: string | undefined = option(node.options, 'as')?.arg?.List?.items?.[0]?.String?.sval
  if (body === undefined) return []
  if (language === 'plpgsql') return readPlpgsqlBody(body, reading, words)
  return language === 'sql' ? readSqlBody(body, reading, words) : []
}

function settingsOf(options: Node[] | undefined, { source }: Reading): Record<string, string> {
  const sets: Node[] = (options ?? []).filter((one) => one.DefElem.defname === 'set').map((one) => one.DefElem.arg.VariableSetStmt)
  return Object.fromEntries(sets.map((one) => [String(one.name).toLowerCase(), settingValue(one, source)]))
}

function option(options: Node[] | undefined, name: string): Node | undefined {
  return (options ?? []).find((one) => one.DefElem?.defname === name)?.DefElem
}
