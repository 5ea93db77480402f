import type { Operation } from '../operation.ts'
import { keyOf, type Scene, splitKey } from './knowledge.ts'

/** NAMEDATALEN less its terminating zero. */
const LONGEST = 63

/** `makeObjectName` of Postgres: the table's and the columns' names, the longer of them cut until all fits. */
export function makeName(table: string, columns: string | undefined, label: string): string {
  let first = Buffer.byteLength(table)
  let second = columns === undefined ? 0 : Buffer.byteLength(columns)
  const room = LONGEST - label.length - 1 - (columns === undefined ? 0 : 1)
  while (first + second > room) {
    if (first > second) first -= 1
    else second -= 1
  }
  return [clip(table, first), ...(columns === undefined ? [] : [clip(columns, second)]), label].join('_')
}

/** The name Postgres gives an index that has none: `orders_note_idx`, with a number when it is taken. */
export function chooseIndexName(
  scene: Scene,
  table: string,
  columns: string[] | undefined,
  label: 'pkey' | 'key' | 'excl' | 'idx',
): string {
  const [schema, name] = splitKey(table)
  for (let number = 0; ; number += 1) {
    const chosen = makeName(name, label === 'pkey' ? undefined : (columns ?? []).join('_'), `${label}${number || ''}`)
    if (!scene.known.catalog?.relations.has(keyOf({ schema, name: chosen }))) return chosen
  }
}

/** The columns an unnamed index is named for: an expression goes by the function it calls, and a name that comes again gets a number. */
export function indexColumns({ index, calls }: Operation): string[] {
  const called = Array.isArray(calls) ? calls.map(String) : []
  const names: string[] = []
  for (const column of [...(index?.columns ?? []), ...(index?.include ?? [])]) {
    const name = column === '(…)' ? (called.shift() ?? 'expr') : column
    let chosen = name
    for (let number = 1; names.includes(chosen); number += 1) chosen = `${name}${number}`
    names.push(chosen)
  }
  return names
}

function clip(text: string, bytes: number): string {
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString()
    .replace(/\uFFFD+$/, '')
}
