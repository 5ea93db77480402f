import { randomBytes } from 'node:crypto'

/** How the names of what is made begin: a schema may have a `pgwitness_0` of its own. */
export function namePrefix(): string {
  return `pgwitness_${randomBytes(5).toString('hex')}`
}
