/** Lines of a note that GitLab carries out instead of showing. docs.gitlab.com: user/project/quick_actions. */
const COMMANDS =
  'approve|assign|assign_reviewer|award|cc|close|copy_metadata|done|draft|due|duplicate|estimate|label|lock|merge|milestone|move|react|ready|reassign|rebase|relabel|relate|remove_milestone|reopen|request_changes|request_review|ship|shrug|spend|submit_review|subscribe|tableflip|target_branch|title|todo|unapprove|unassign|unlabel|unlock|unsubscribe'

/** Commands count at the start of a line, outside of code blocks, quoted blocks and HTML comments. lib/gitlab/quick_actions/extractor.rb. */
export function extractQuickActions(body: string): { text: string; commands: string[] } {
  const kept: string[] = []
  const commands: string[] = []
  let fence: string | undefined
  for (const line of body.split('\n')) {
    const mark = /^(`{3,}|~{3,}|>>>|<!--)/.exec(line.trim())?.[1]
    const wasOpen: boolean = fence !== undefined
    if (fence === undefined && mark !== undefined) fence = mark === '<!--' ? '-->' : mark
    const closes = fence !== undefined && (fence === '-->' ? line.includes('-->') : wasOpen && line.trim().startsWith(fence))
    if (fence === undefined && new RegExp(`^/(${COMMANDS})(\\s|$)`, 'i').test(line)) commands.push(line.trim())
    else kept.push(line)
    if (closes) fence = undefined
  }
  return { text: kept.join('\n').trim(), commands }
}
