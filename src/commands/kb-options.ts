import { Option } from 'commander'

/** Options that the commands of `kb` share. */
export function dataOption(): Option {
  return new Option('--data <dir>', 'folder of the embedded storage, where DATABASE_URL is not set').default('./pgwitness-data')
}

export function formatOption(formats: readonly string[] = ['text', 'json']): Option {
  return new Option('--format <format>', 'how to print').choices(formats).default('text')
}
