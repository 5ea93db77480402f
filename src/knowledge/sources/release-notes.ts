/** Release notes of one major version, one entry an item, from a folder of the manual's HTML. */
import type { SourceDeclaration } from '../declaration.ts'
import { readFolder } from '../reading/folder.ts'
import { manualFolder } from '../reading/manual-folder.ts'
import { isReleaseNotes, readManualPage } from '../reading/manual-page.ts'
import type { Source } from '../source.ts'

type Declaration = Extract<SourceDeclaration, { type: 'release-notes' }>

/** `Release 15.4 › Changes`: the version is the document's title, and so in front of every breadcrumb. UserError as for the manual. */
export function releaseNotesSource({ postgres, path }: Declaration & { path: string }): Source {
  return {
    async *read(known, context) {
      const folder = await manualFolder(path, postgres)
      const read = (file: string, bytes: Uint8Array) => readManualPage(bytes, { postgres, file, itemsAreEntries: true })
      yield* readFolder({ path: folder, wanted: isReleaseNotes, settings: ['release-notes', postgres], deep: false, read }, known, context)
    },
  }
}
