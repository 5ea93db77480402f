import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { load } from 'js-yaml'
import { z } from 'zod'
import { UserError } from '../errors.ts'
import { faultsOf } from './condition.ts'
import { detectors } from './detectors/index.ts'
import type { Rule } from './rule.ts'
import { RuleFile } from './rule-file.ts'

/** Loads every rule below the folder, in the order of their paths. */
export async function loadRules(folder: string): Promise<Rule[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.yml')).sort()
  return Promise.all(names.map(async (name) => parseRule(name, await readFile(join(folder, name), 'utf8'))))
}

/** One rule from its file's path (`locks/require-x.yml`) and text; a UserError says all that is wrong with it. */
export function parseRule(path: string, text: string): Rule {
  const result = RuleFile.safeParse(loadYaml(path, text))
  if (!result.success) throw new UserError(`${path} is not a rule:\n${z.prettifyError(result.error)}`)
  const rule = { ...result.data, id: basename(path, '.yml'), area: basename(dirname(path)) }
  const faults = [
    ...(/^(require|avoid)-[a-z0-9-]+$/.test(rule.id) ? [] : ['a rule is named require-… or avoid-…']),
    ...(rule.when ? faultsOf(rule.when) : []),
    ...(rule.expect ? faultsOf(rule.expect) : []),
    ...(rule.fix?.steps ?? []).flatMap((step) => (typeof step === 'string' ? [] : faultsOf(step.when))),
    ...(rule.detect && !(rule.detect in detectors) ? [`there is no detector \`${rule.detect}\``] : []),
  ]
  if (faults.length > 0) throw new UserError(`${path} is not a rule:\n${faults.map((fault) => `✖ ${fault}`).join('\n')}`)
  return rule
}

function loadYaml(path: string, text: string): unknown {
  try {
    return load(text)
  } catch (error) {
    throw new UserError(`${path} is not YAML: ${(error as Error).message}`)
  }
}
