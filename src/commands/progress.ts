/** A line on the terminal that says what is going on, once that takes longer than a second. Silent where nobody looks. */
export interface Progress extends Disposable {
  say(what: string): void
}

const PATIENCE_MS = 1000
const SHORTEST_MS = 80

export function showProgress(wanted: boolean, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!wanted || !stream.isTTY) return { say() {}, [Symbol.dispose]() {} }
  const started = performance.now()
  let shownAt = 0
  return {
    say(what) {
      const now = performance.now()
      if (now - started < PATIENCE_MS || now - shownAt < SHORTEST_MS) return
      shownAt = now
      stream.write(`\r\x1b[2K${what.slice(0, Math.max(20, stream.columns - 1))}`)
    },
    [Symbol.dispose]() {
      if (shownAt > 0) stream.write('\r\x1b[2K')
    },
  }
}
