import { UserError } from '../../errors.ts'

/** How to reach a GitLab instance, and as whom. */
export interface GitLabAccess {
  /** Root of the instance without a slash at its end: `https://gitlab.com`. */
  url: string
  /** A secret. */
  token: string
  /**
   * `access`: a personal, project or group access token; the last two have a bot user of their own, which is then our identity. `job`: CI_JOB_TOKEN,
   * which reads a merge request and its notes and writes nothing.
   */
  kind: 'access' | 'job'
}

/** A UserError about what cannot be right. Looked at here, since what fails on it later quotes the token or the address with its password. */
export function checkedAccess(url: string, token: string, kind: GitLabAccess['kind']): GitLabAccess {
  const trimmed = token.trim()
  if (!/^[\x21-\x7e]+$/.test(trimmed)) throw new UserError('The token of GitLab is empty or no token: set PGWITNESS_GITLAB_TOKEN.')
  const parsed = URL.parse(url.trim())
  const isPlain = parsed && /^https?:$/.test(parsed.protocol) && `${parsed.username}${parsed.password}${parsed.search}${parsed.hash}` === ''
  if (!isPlain) throw new UserError('The address of GitLab is none: set PGWITNESS_GITLAB_URL to one like https://gitlab.example.com.')
  return { url: parsed.href.replace(/\/+$/, ''), token: trimmed, kind }
}
