import { ServiceError, UserError } from '../errors.ts'
import type { CloneProvider } from './clone.ts'

/** Clones of the first provider; of the second, with a note that says why, where the first cannot make one. */
export function withFallback(first: CloneProvider, second: CloneProvider): CloneProvider {
  return {
    name: first.name,
    warm: () => first.warm(),
    async create(base, signal) {
      try {
        return await first.create(base, signal)
      } catch (error) {
        if (signal.aborted || !(error instanceof ServiceError || error instanceof UserError)) throw error
        const clone = await second.create(base, signal)
        return {
          ...clone,
          notes: [...(clone.notes ?? []), `No ${first.name} clone could be made, so it ran on an ${second.name} one: ${error.message}`],
        }
      }
    },
  }
}
