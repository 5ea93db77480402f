/** Amounts as people read them. */

export function inNumbers(count: number): string {
  return count.toLocaleString('en')
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** `1.4 GB`, by 1,024s as Postgres counts. */
export function inBytes(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  const amount = bytes / 1024 ** unit
  return `${amount < 10 && unit > 0 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`
}
