/** The Postgres manual of one major version, from a folder of its HTML. */
import type { SourceDeclaration } from '../declaration.ts'
import { readFolder } from '../reading/folder.ts'
import { manualFolder } from '../reading/manual-folder.ts'
import { isManualPage, readManualPage } from '../reading/manual-page.ts'
import type { Source } from '../source.ts'

type Declaration = Extract<SourceDeclaration, { type: 'manual' }>

/** Pages but the index, the contents and the release notes, which are a source of their own. A UserError when the folder holds another version's manual. */
export function manualSource({ postgres, path }: Declaration & { path: string }): Source {
  return {
    async *read(known, context) {
      const folder = await manualFolder(path, postgres)
      const read = (file: string, bytes: Uint8Array) => readManualPage(bytes, { postgres, file })
      yield* readFolder({ path: folder, wanted: isManualPage, settings: ['manual', postgres], deep: false, read }, known, context)
    },
  }
}
