import type { Document, Selection, Value } from './parse.ts'

/** A value of a type: plain fields, or functions of the arguments. */
export type Node = { __typename: string; [field: string]: unknown }

export interface GraphqlError {
  type: string
  path: string[]
  extensions: { saml_failure: boolean }
  locations: Array<{ line: number; column: number }>
  message: string
}

/** What a field throws when it has no answer: the field is null, and the errors say why. */
export class FieldFailure extends Error {
  override name = 'FieldFailure'
  readonly type: 'NOT_FOUND' | 'FORBIDDEN' | 'UNPROCESSABLE'

  constructor(type: FieldFailure['type'], message: string) {
    super(message)
    this.type = type
  }
}

/** Runs a document that was checked. */
export async function execute(
  document: Document,
  operation: Document['operations'][number],
  variables: Record<string, unknown>,
  root: Node,
): Promise<{ data: unknown; errors: GraphqlError[] }> {
  const errors: GraphqlError[] = []
  const values: Record<string, unknown> = {}
  for (const { name, fallback } of operation.variables) values[name] = variables[name] ?? (fallback ? plain(fallback, {}) : undefined)
  const select = async (selections: Selection[], node: Node, path: string[]): Promise<Record<string, unknown>> => {
    const made: Record<string, unknown> = {}
    for (const selection of selections) {
      if (selection.kind !== 'field') {
        const fragment = selection.kind === 'spread' ? document.fragments.get(selection.name) : selection
        // `Actor` and `Node` are on every type that gets here.
        const isOfType = !fragment?.type || fragment.type === node.__typename || fragment.type === 'Actor' || fragment.type === 'Node'
        if (fragment && isOfType) Object.assign(made, await select(fragment.selections, node, path))
        continue
      }
      made[selection.alias] = await one(selection, node, [...path, selection.alias])
    }
    return made
  }
  const one = async (field: Selection & { kind: 'field' }, node: Node, path: string[]): Promise<unknown> => {
    const args = Object.fromEntries(Object.entries(field.args).map(([name, value]) => [name, plain(value, values)]))
    try {
      // The schema has it and we do not: our mistake.
      if (!(field.name in node)) throw new Error(`${node.__typename}.${field.name} has no answer`)
      const resolver = node[field.name]
      return await down(field, typeof resolver === 'function' ? await resolver(args) : resolver, path)
    } catch (error) {
      if (!(error instanceof FieldFailure)) throw error
      errors.push({
        type: error.type,
        path,
        extensions: { saml_failure: false },
        locations: [{ line: 1, column: 1 }],
        message: error.message,
      })
      return null
    }
  }
  const down = async (field: Selection & { kind: 'field' }, value: unknown, path: string[]): Promise<unknown> => {
    if (value === null || value === undefined) return null
    if (Array.isArray(value)) return await Promise.all(value.map((item, index) => down(field, item, [...path, String(index)])))
    return field.selections ? await select(field.selections, value as Node, path) : value
  }
  return { data: await select(operation.selections, root, []), errors }
}

function plain(value: Value, values: Record<string, unknown>): unknown {
  if (value.kind === 'variable') return values[value.name]
  if (value.kind === 'list') return value.items.map((item) => plain(item, values))
  if (value.kind === 'object') return Object.fromEntries(Object.entries(value.fields).map(([name, one]) => [name, plain(one, values)]))
  return value.value
}
