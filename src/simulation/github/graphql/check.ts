import type { Document, Selection, Value } from './parse.ts'
import { type FieldType, nameOfType, TYPES } from './schema.ts'

/** Which types a fragment on another type may be for. */
const POSSIBLE: Record<string, string[]> = {
  Actor: ['User', 'Bot'],
  Node: ['PullRequest', 'PullRequestReviewThread', 'PullRequestReviewComment', 'Repository', 'User', 'Bot'],
}
const MAX_PAGE = 100

/** What is wrong with a document by the schema: nothing of it is run then. */
export function checkDocument(document: Document, variables: Record<string, unknown>): string[] {
  const faults: string[] = []
  for (const { kind, variables: declared, selections } of document.operations) {
    const given = new Map(declared.map(({ name, type }) => [name, type]))
    for (const name of Object.keys(variables)) if (!given.has(name)) faults.push(`Variable $${name} is not declared`)
    for (const { name, type, fallback } of declared) {
      if (type.endsWith('!') && (variables[name] ?? fallback ?? null) === null)
        faults.push(`Variable $${name} of type ${type} was provided invalid value`)
      else if (variables[name] !== undefined && variables[name] !== null) faults.push(...checkPlain(variables[name], type, `$${name}`))
    }
    checkSelections(document, selections, kind === 'query' ? 'Query' : 'Mutation', given, faults)
  }
  return faults
}

function checkSelections(document: Document, selections: Selection[], type: string, given: Map<string, string>, faults: string[]): void {
  for (const selection of selections) {
    if (selection.kind === 'field') checkField(document, selection, type, given, faults)
    else {
      const fragment = selection.kind === 'spread' ? document.fragments.get(selection.name) : selection
      const on = fragment?.type ?? type
      if (!fragment) faults.push(`Fragment ${(selection as { name: string }).name} was used, but not defined`)
      else if (on !== type && !POSSIBLE[type]?.includes(on)) faults.push(`Fragment on ${on} can't be spread inside ${type}`)
      else checkSelections(document, fragment.selections, on, given, faults)
    }
  }
}

function checkField(
  document: Document,
  field: Selection & { kind: 'field' },
  type: string,
  given: Map<string, string>,
  faults: string[],
): void {
  if (field.name === '__typename') return
  const described = TYPES.get(type)?.[field.name]
  if (!described) {
    faults.push(`Field '${field.name}' doesn't exist on type '${type}'`)
    return
  }
  checkArguments(field, described, given, faults)
  const inner = nameOfType(described.type)
  if (!TYPES.has(inner)) {
    if (field.selections) faults.push(`Selections can't be made on scalars (field '${field.name}' returns ${inner})`)
  } else if (!field.selections) faults.push(`Field must have selections (field '${field.name}' returns ${inner} but has no selections)`)
  else checkSelections(document, field.selections, inner, given, faults)
}

function checkArguments(
  { name, args }: Selection & { kind: 'field' },
  described: FieldType,
  given: Map<string, string>,
  faults: string[],
): void {
  for (const [arg, value] of Object.entries(args)) {
    const type = described.args[arg]
    if (!type) faults.push(`Field '${name}' doesn't accept argument '${arg}'`)
    else faults.push(...checkValue(value, type, given, `${name}.${arg}`))
  }
  for (const [arg, type] of Object.entries(described.args)) {
    if (type.endsWith('!') && !args[arg]) faults.push(`Field '${name}' is missing required arguments: ${arg}`)
  }
  if ('first' in described.args) {
    if (!args.first && !args.last)
      faults.push(`You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`)
    const size = args.first ?? args.last
    if (size?.kind === 'literal' && (Number(size.value) < 1 || Number(size.value) > MAX_PAGE))
      faults.push(`Requesting ${size.value} records on the \`${name}\` connection exceeds the \`first\` limit of ${MAX_PAGE} records.`)
  }
}

function checkValue(value: Value, type: string, given: Map<string, string>, name: string): string[] {
  if (value.kind === 'variable') {
    const declared = given.get(value.name)
    if (!declared) return [`Variable $${value.name} is used but not declared`]
    return declared === type || declared === `${type}!`
      ? []
      : [`Type mismatch on variable $${value.name} and argument ${name} (${declared} / ${type})`]
  }
  if (value.kind === 'object') {
    const fields = TYPES.get(nameOfType(type))
    if (!fields) return [`${name} is no ${type}`]
    const missing = Object.entries(fields).filter(([key, field]) => field.type.endsWith('!') && !value.fields[key])
    return [
      ...missing.map(([key]) => `Argument '${key}' on InputObject '${nameOfType(type)}' is required`),
      ...Object.entries(value.fields).flatMap(([key, one]) =>
        fields[key]
          ? checkValue(one, fields[key].type, given, `${name}.${key}`)
          : [`InputObject '${nameOfType(type)}' doesn't accept argument '${key}'`],
      ),
    ]
  }
  return value.kind === 'literal' ? checkPlain(value.value, type, name) : []
}

/** A value of JSON, as variables have. */
function checkPlain(value: unknown, type: string, name: string): string[] {
  const inner = nameOfType(type)
  const fields = TYPES.get(inner)
  if (fields && typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    const missing = Object.entries(fields).filter(
      ([key, field]) => field.type.endsWith('!') && (value as Record<string, unknown>)[key] === undefined,
    )
    return [
      ...missing.map(([key]) => `${name} is missing ${key}`),
      ...entries.flatMap(([key, one]) =>
        fields[key] ? checkPlain(one, fields[key].type, `${name}.${key}`) : [`${name} has no field ${key}`],
      ),
    ]
  }
  if (value === null) return type.endsWith('!') ? [`${name} must not be null`] : []
  const wanted =
    inner === 'Int' ? 'number' : inner === 'Boolean' ? 'boolean' : inner === 'String' || inner === 'ID' ? 'string' : typeof value
  return typeof value === wanted ? [] : [`${name} is no ${inner}`]
}
