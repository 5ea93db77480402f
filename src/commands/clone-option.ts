import { InvalidArgumentError, Option } from 'commander'
import { CLONES } from '../config.ts'
import { UserError } from '../errors.ts'

/** `--clone`, which wins over the configuration. */
export function cloneOption(): Option {
  return new Option(
    '--clone <clone>',
    `where SQL is run: ${CLONES.join(', ')}, or the URL of a database that may be broken (default: auto)`,
  ).argParser((value: string): string => {
    if ((CLONES as readonly string[]).includes(value) || /^postgres(?:ql)?:\/\//.test(value)) return value
    // Commander repeats what it refuses, and this may hold a password.
    if (value.includes('@')) throw new UserError(`--clone takes ${CLONES.join(', ')} or a URL that begins with postgres://.`)
    throw new InvalidArgumentError(`Allowed are ${CLONES.join(', ')} and postgres://…`)
  })
}
