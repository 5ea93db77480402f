import { z } from 'zod'
import type { AnyExperiment } from './experiments.ts'

/** What the JSON schema of an experiment's input says of one field. */
export interface InputField {
  type?: string
  enum?: string[]
  description?: string
  default?: unknown
  /** It holds the text of a file, which is given by its path. */
  file?: boolean
  items?: { type?: string }
}

/** The fields of an experiment's input by name, and which of them have to be given. */
export function inputFieldsOf({ input }: AnyExperiment): { fields: Record<string, InputField>; required: string[] } {
  const { properties, required = [] } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as {
    properties: Record<string, InputField>
    required?: string[]
  }
  return { fields: properties, required }
}

/** `lockTimeoutMs` is `--lock-timeout-ms`. */
export function flagOf(field: string): string {
  return `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
