/** An answer is longer than it can be. */
export class TooLong extends Error {
  override name = 'TooLong'
}

/** `fetch` that follows nobody elsewhere, as what is sent is meant for one, and reads no more than so many bytes. */
export function boundedFetch(mostBytes: number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: 'error' })
    const { status, statusText, headers } = response
    if (Number(headers.get('content-length') ?? 0) > mostBytes) {
      await response.body?.cancel()
      throw new TooLong()
    }
    if (!response.body) return response
    let bytes = 0
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          bytes += chunk.byteLength
          if (bytes > mostBytes) controller.error(new TooLong())
          else controller.enqueue(chunk)
        },
      }),
    )
    return new Response(counted, { status, statusText, headers })
  }
}
