/** How many bytes of a text of limited length are left. */
export class Room {
  left: number

  constructor(bytes: number) {
    this.left = bytes
  }

  /** Takes what a part and the empty line before it need; false when there is not so much. */
  take(part: string): boolean {
    const bytes = Buffer.byteLength(part) + 2
    if (bytes > this.left) return false
    this.left -= bytes
    return true
  }

  /** The first of the parts, as many as fit beside a sentence of `spare` bytes that counts the others. */
  fit(parts: readonly string[], spare = 150): string[] {
    this.left -= spare
    const end = parts.findIndex((part) => !this.take(part))
    const taken = end < 0 ? [...parts] : parts.slice(0, end)
    if (taken.length === parts.length) this.left += spare
    return taken
  }
}
