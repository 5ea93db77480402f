/** SQLSTATEs of rows that do not fit a constraint or a new type. */
export const REJECTED_ROWS: ReadonlySet<string> = new Set([
  '23502',
  '23503',
  '23505',
  '23514',
  '23P01',
  '22001',
  '22003',
  '22007',
  '22008',
  '22P02',
])
