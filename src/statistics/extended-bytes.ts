/**
 * What CREATE STATISTICS stores, of which Postgres believes the numbers of columns in it and reads as far as they say: those of a foreign file have to be
 * counted before. A header of magic, type and number of items; each item a `double` and so many column numbers. Sources: statext_ndistinct_serialize in
 * src/backend/statistics/mvdistinct.c, statext_dependencies_serialize in dependencies.c.
 */
const FORMS = {
  distinct: { magic: 0xa352bfa4, countBytes: 4 },
  dependencies: { magic: 0xb4549a2c, countBytes: 2 },
} as const
const HEADER_BYTES = 12
const DOUBLE_BYTES = 8
const NUMBER_BYTES = 2
/** STATS_MAX_DIMENSIONS. */
const MOST_COLUMNS = 8

export function isWellFormed(hexadecimal: string, form: keyof typeof FORMS): boolean {
  const { magic, countBytes } = FORMS[form]
  const bytes = Buffer.from(hexadecimal, 'hex')
  if (bytes.length * 2 !== hexadecimal.length || bytes.length < HEADER_BYTES) return false
  if (bytes.readUInt32LE(0) !== magic || bytes.readUInt32LE(4) !== 1) return false
  let at = HEADER_BYTES
  for (let left = bytes.readUInt32LE(8); left > 0; left -= 1) {
    if (at + DOUBLE_BYTES + countBytes > bytes.length) return false
    const count = bytes.readUIntLE(at + DOUBLE_BYTES, countBytes)
    if (count < 2 || count > MOST_COLUMNS) return false
    at += DOUBLE_BYTES + countBytes + count * NUMBER_BYTES
  }
  return at === bytes.length && at > HEADER_BYTES
}
