/** The text an EXECUTE runs, when the script itself tells: a literal, literals joined, format() of literals. */
import { constantOf, functionName } from './expressions.ts'
import { strings } from './names.ts'
import { type Node, parseSql } from './parser.ts'

/** Of an expression as PL/pgSQL has it; undefined when the text depends on anything at run time. */
export function dynamicText(expression: string): string | undefined {
  const parsed = parseSql(`select ${expression}`)
  const value = 'statements' in parsed ? parsed.statements[0]?.node.SelectStmt?.targetList?.[0]?.ResTarget?.val : undefined
  return value && textOf(value)
}

function textOf(value: Node): string | undefined {
  const constant = constantOf(value)
  if (constant !== undefined) return constant
  const joined: Node | undefined = value.A_Expr
  if (joined && strings(joined.name).at(-1) === '||') {
    const left = textOf(joined.lexpr)
    const right = left === undefined ? undefined : textOf(joined.rexpr)
    return right === undefined ? undefined : `${left}${right}`
  }
  return value.FuncCall && functionName(value.FuncCall) === 'format' ? formatted(value.FuncCall) : undefined
}

function formatted(call: Node): string | undefined {
  const [template, ...values] = ((call.args ?? []) as Node[]).map(constantOf)
  if (template === undefined) return undefined
  let next = 0
  let known = true
  const text = template.replace(/%(%|[sIL])/g, (_, specifier: string) => {
    if (specifier === '%') return '%'
    const value = values[next++]
    if (value === undefined) known = false
    else if (specifier === 'I') return /^[a-z_][a-z0-9_$]*$/.test(value) ? value : `"${value.replaceAll('"', '""')}"`
    else if (specifier === 'L') return `'${value.replaceAll("'", "''")}'`
    return value ?? ''
  })
  return known ? text : undefined
}
