import { InvalidArgumentError, Option } from 'commander'

/** What most commands of `kb` take. */
export interface KbOptions {
  data: string
  format: 'text' | 'json'
}

/** What somebody does who has nothing yet. */
export const BEGINNING = 'Begin with `pgwitness kb add --type manual --postgres 17`; more in docs/knowledge.md.'

/** Options that the commands of `kb` share. */
export function dataOption(): Option {
  return new Option('--data <dir>', 'folder of the embedded storage, where DATABASE_URL is not set').default('./pgwitness-data')
}

export function formatOption(formats: readonly string[] = ['text', 'json']): Option {
  return new Option('--format <format>', 'how to print').choices(formats).default('text')
}

export function progressOption(): Option {
  return new Option('--no-progress', 'show no progress on a terminal')
}

/** Reads a whole number from `least` to `most`. */
export function numberBetween(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`)
  }
}

export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value]
}
