import { type FileDiff, readPatch } from '../diff.ts'
import type { MergeRequestRef } from '../forge.ts'
import { type Connection, listAll, pathOf } from './connection.ts'
import { fileDiff } from './replies.ts'

/** The newest diff. Of files that GitLab folds up or finds too large it shows no lines, and takes no comments on them either. */
export async function fetchDiff(gitlab: Connection, ref: MergeRequestRef): Promise<FileDiff[]> {
  const files = await listAll(gitlab, pathOf(ref, 'diffs'), fileDiff)
  return files.map((file) => ({
    path: file.new_path,
    previousPath: file.renamed_file && file.old_path !== file.new_path ? file.old_path : undefined,
    status: file.deleted_file ? 'deleted' : file.new_file ? 'added' : file.renamed_file ? 'renamed' : 'modified',
    lines: file.collapsed || file.too_large ? [] : readPatch(file.diff ?? ''),
  }))
}
