import { type DatabaseError, PROGRAM_REFUSED } from './clone.ts'

/** The error of a statement that is not sent at all; what hides COPY … PROGRAM better, the clone itself cannot do. */
export function refusal(sql: string): DatabaseError | undefined {
  if (sql.includes('\0')) return { code: '22021', message: 'invalid byte sequence for encoding "UTF8": 0x00' }
  if (/\bcopy\b[\s\S]*\b(?:from|to)\s+program\b/i.test(sql.replace(/\/\*[\s\S]*?\*\/|--[^\n]*/g, ' '))) {
    return { code: '42501', message: PROGRAM_REFUSED }
  }
  return undefined
}
