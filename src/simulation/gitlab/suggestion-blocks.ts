import type { DiffLine } from './diff.ts'
import type { Instance, Suggestion } from './instance.ts'

const MAX_LINES = 100

/** Suggestion blocks of a note: lines above and below the commented one that are replaced. docs.gitlab.com: user/project/merge_requests/reviews/suggestions. */
export function readSuggestions(
  instance: Instance,
  body: string,
  line: DiffLine | undefined,
  violate: (text: string) => void,
): Suggestion[] {
  return [...body.matchAll(/^(`{3,})suggestion(?::-(\d+)\+(\d+))?[^\S\n]*\n([\s\S]*?)^\1`*[^\S\n]*$/gm)].flatMap(
    ([, , above, below, content]) => {
      const [up, down] = [Number(above ?? 0), Number(below ?? 0)]
      if (line?.newLine === undefined) {
        violate('a suggestion counts only on a line of the new side')
        return []
      }
      if (up > MAX_LINES || down > MAX_LINES) violate(`a suggestion reaches at most ${MAX_LINES} lines up and down, not -${up}+${down}`)
      if (line.newLine - up < 1) violate(`a suggestion from line ${line.newLine - up}`)
      const lines = { fromLine: line.newLine - up, toLine: line.newLine + down }
      return [{ id: instance.nextId(), ...lines, isApplied: false, toContent: content as string }]
    },
  )
}
