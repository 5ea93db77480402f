import { EXPERIMENTS } from '../src/experiments/experiments.ts'
import { flagOf, type InputField, inputFieldsOf } from '../src/experiments/input-fields.ts'

const NEEDS = {
  schema: 'any clone',
  connections: 'a clone with several connections: local, template, dblab or a URL',
  statistics: 'a twin, or a clone with rows',
  rows: 'a clone with rows: template, dblab or a URL',
}

/** docs/experiments.md: each experiment with what it takes. */
export async function experimentsPage(): Promise<string> {
  const sections: string[] = []
  for (const [name, load] of Object.entries(EXPERIMENTS)) {
    const experiment = await load()
    const { question, needs } = experiment
    const rows = Object.entries(inputFieldsOf(experiment).fields).map(([field, about]) => `| ${argumentOf(field, about)} | ${about.description ?? ''}${usual(about)} |`)
    sections.push([`## ${name}`, '', question, '', `Needs ${NEEDS[needs]}.`, '', '| takes | |', '|---|---|', ...rows].join('\n'))
  }
  return `# Experiments

Each puts one question to a clone and measures the answer; reviews are made of them. \`pgwitness experiment NAME …\` runs one by hand, with \`--format json\` for its whole result, and
\`--clone\`, \`--postgres\`, \`--schema\`, \`--stats\`, \`--config\`, \`--no-cache\` as for a review. The base is the migrations of the current folder that come before the files named;
a clone with rows has what its database has, and \`--after FILE …\` runs there what else comes before. A value \`@FILE\` is read from the file. Exit code 0, or 2 and 3 as for a review. Generated from \`src/experiments/\`.

${sections.join('\n\n')}
`
}

function argumentOf(field: string, { file, type, enum: choices }: InputField): string {
  if (file) return `\`<${field}>\``
  const flag = flagOf(field)
  return type === 'boolean' ? `\`${flag}\`` : `\`${flag} <${choices?.join('\\|') ?? field}>\``
}

function usual({ default: value }: InputField): string {
  return value === undefined || (Array.isArray(value) && value.length === 0) ? '' : ` Default: \`${JSON.stringify(value)}\`.`
}
