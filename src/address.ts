import { UserError } from './errors.ts'

/** It may hold a password, so it is not repeated. */
export function databaseUrlOf(text: string | undefined, name = 'DATABASE_URL'): string | undefined {
  if (!text || /^postgres(?:ql)?:\/\//.test(text)) return text || undefined
  throw new UserError(`${name} is no address of a Postgres: postgres://user:password@host/database.`)
}

/** Without the slash at its end. */
export function addressOf(text: string | undefined, name: string): string | undefined {
  if (!text) return undefined
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw new UserError(`${name} is not an address: https://…`)
  return text.replace(/\/+$/, '')
}
