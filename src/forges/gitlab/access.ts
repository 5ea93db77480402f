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
