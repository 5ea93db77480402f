/** Where changes come from. The local checkout is the only forge so far. */
export { type LocalChange, readChange, treeAt as localTree } from './local.ts'
