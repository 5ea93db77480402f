/** Where people read a file, given where they read its source. */

/**
 * `{path}` and `{name}` (the path without its ending) in the address are filled in; else the path is appended. For a source that is a single file the address is
 * that file's.
 */
export function addressOf(url: string, key: string, { isFile }: { isFile: boolean }): string {
  const path = key.split('/').map(encodeURIComponent).join('/')
  const name = path.replace(/\.[^./]+$/, '')
  if (/\{(path|name)\}/.test(url)) return url.replaceAll('{path}', () => path).replaceAll('{name}', () => name)
  return isFile ? url : `${url.replace(/\/+$/, '')}/${path}`
}
